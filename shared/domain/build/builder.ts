/**
 * Who builds a domain, written into its uuid until it is whole: so a domain that a killed process
 * left is told from one that is being built, and from all that other toolstacks made.
 *
 * The mark is a uuid of version 8 (RFC 9562: the bits are the maker's own), which no generator of
 * random uuids gives: `xtl:`, 16 bits of the uuid to come, and the process.
 */

import { assert } from '../../core/assert.ts';

/** A process of this boot of dom0: its number, and when it started, which no other one shares. */
export interface Builder {
  readonly pid: number;
  /** In clock ticks since the boot (proc(5), stat, field 22). */
  readonly startTicks: number;
}

export interface Builders {
  /** This process. */
  readonly self: Builder;
  /** Whether that very process still runs. */
  isAlive(builder: Builder): boolean;
}

const MAGIC = [0x78, 0x74, 0x6c, 0x3a];
const VERSION = 0x80;
const VARIANT = 0x80;

/** Bits of each number in the mark: more than Linux has of either in years. */
const PID_MAX = 2 ** 24;
const TICKS_MAX = 2 ** 40;

/** What a domain has until it is whole in place of `uuid`. */
export function markOf({ pid, startTicks }: Builder, uuid: Uint8Array): Uint8Array {
  assert(pid > 0 && pid < PID_MAX, `process ${pid}`);
  assert(startTicks >= 0 && startTicks < TICKS_MAX, `started at ${startTicks}`);
  const mark = new Uint8Array(16);
  const view = new DataView(mark.buffer);
  mark.set(MAGIC);
  mark.set(uuid.subarray(0, 2), MAGIC.length);
  mark[6] = VERSION;
  mark[7] = Math.floor(startTicks / 2 ** 32);
  view.setUint32(8, pid);
  mark[8] = VARIANT;
  view.setUint32(12, startTicks % 2 ** 32);
  return mark;
}

/** The process that builds the domain of this uuid; undefined if the domain is whole. */
export function builderOf(uuid: Uint8Array): Builder | undefined {
  const marked = MAGIC.every((byte, i) => uuid[i] === byte) && uuid[6] === VERSION;
  if (!marked || uuid[8] !== VARIANT) return undefined;
  const view = new DataView(uuid.buffer, uuid.byteOffset, 16);
  return {
    pid: view.getUint32(8) % PID_MAX,
    startTicks: view.getUint8(7) * 2 ** 32 + view.getUint32(12),
  };
}
