/** What scenes of TAPs are made of: a network namespace of its own, frames, and who waits. */

import { equal } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { must } from '../../shared/core/result.ts';
import { NET_HEADER_BYTES } from '../../shared/platform/net-io.ts';
import type { Region } from '../../shared/platform/region.ts';
import { memory } from '../../shared/platform/unix/memory.ts';
import { createPoller } from '../../shared/platform/unix/poller.ts';
import { openTap, type Tap, type TapOptions } from '../../shared/platform/unix/tap.ts';
import { setTapUp } from '../../shared/platform/unix/tap-device.ts';
import { until } from './process.ts';

/** For frames that nobody answers (IEEE 802's local experiments). */
export const EXPERIMENT = 0x88b5;

export const SLOT_BYTES = 18 * 4096;
const SLOTS = 16;

export const own = memory();
export const poller = must(createPoller());

/** In words: `ip('link set vif1.0 up')`. */
export function ip(line: string): void {
  execFileSync('ip', line.split(' '), { stdio: 'inherit' });
}

/** No addresses of its own, of which it would tell others. */
export function noIpv6(): void {
  for (const each of ['all', 'default']) {
    writeFileSync(`/proc/sys/net/ipv6/conf/${each}/disable_ipv6`, '1');
  }
}

export interface Open {
  readonly tap: Tap;
  readonly region: Region;
  /** How often it was told that the device is gone. */
  gone: number;
}

export function open(vif: string, options: Partial<TapOptions> = {}): Open {
  const region = must(own.pages(((SLOTS + 1) * SLOT_BYTES) / 4096));
  const { addressOf } = own;
  const onGone = (): void => void all.gone++;
  const tap = must(openTap({ vif, queues: 1, addressOf, poller, onGone, ...options }));
  const all: Open = { tap, region, gone: 0 };
  must(setTapUp(vif, true));
  return all;
}

/** Two of them, on one bridge that passes frames on. */
export async function openBridged(
  options: Partial<TapOptions> = {},
): Promise<readonly [Open, Open]> {
  noIpv6();
  ip('link add bridge0 type bridge mcast_snooping 0');
  ip('link set bridge0 up');
  const both = [open('vif1.0', options), open('vif2.0', options)] as const;
  for (const vif of ['vif1.0', 'vif2.0']) ip(`link set ${vif} master bridge0`);
  await passes(both[0], both[1]);
  await passes(both[1], both[0]);
  return both;
}

/** Until the kernel has noticed that both are up: what is sent arrives. */
export async function passes(from: Open, to: Open): Promise<void> {
  const probe = frame(46, () => 0xee);
  await until(() => {
    send(from, probe);
    const got = Array.from({ length: to.tap.queues }, (_, queue) => receive(to, queue)).flat();
    return got.some((each) => each.equals(probe));
  });
}

/** A header without offloads, and a frame with a payload of `fill`. */
export function frame(payload: number, fill: (i: number) => number): Buffer {
  const bytes = Buffer.alloc(NET_HEADER_BYTES + 14 + payload);
  bytes.fill(0xff, NET_HEADER_BYTES, NET_HEADER_BYTES + 6);
  bytes.write('020000000001', NET_HEADER_BYTES + 6, 'hex');
  bytes.writeUInt16BE(EXPERIMENT, NET_HEADER_BYTES + 12);
  for (let i = 0; i < payload; i++) bytes[NET_HEADER_BYTES + 14 + i] = fill(i);
  return bytes;
}

const SEND_AT = SLOTS * SLOT_BYTES;

/** Sends one by itself; whether it was taken. */
export function send({ tap, region }: Open, bytes: Uint8Array, queue = 0): boolean {
  region.bytes.set(bytes, SEND_AT);
  const taken = tap.tx(queue, region, SEND_AT, bytes.length);
  tap.submit();
  return taken;
}

const lengths = new Uint32Array(SLOTS);

/** What is there now, headers in front, with room for `slots` at a time. */
export function receive({ tap, region }: Open, queue = 0, slots = SLOTS): Buffer[] {
  const all: Buffer[] = [];
  for (;;) {
    const count = tap.rx(queue, region, 0, SLOT_BYTES, lengths, slots);
    for (let i = 0; i < count; i++) {
      const at = i * SLOT_BYTES;
      all.push(Buffer.from(region.bytes.subarray(at, at + (lengths[i] as number))));
    }
    if (count === 0) return all;
  }
}

/** Until a queue has something, which it tells once. */
export const wanted = ({ tap }: Open, queue = 0): Promise<void> =>
  new Promise((resolve) => {
    let times = 0;
    tap.want(queue, () => {
      equal(++times, 1);
      resolve();
    });
  });

/** At least `count` frames of one queue. */
export async function receiveAll(from: Open, count: number, queue = 0): Promise<Buffer[]> {
  const all = receive(from, queue);
  while (all.length < count) {
    await wanted(from, queue);
    all.push(...receive(from, queue));
  }
  return all;
}

export function close({ tap, region }: Open): void {
  tap.close();
  own.unmap(region);
}
