/**
 * VMs that do not run, and the packets that wake them: the first ones for an address wait, the VM
 * is asked for once, one VM at a time, and what waits is given to it when its vif is there, or
 * dropped when it does not come in time.
 */

import { getU32 } from '../../../shared/core/big-endian.ts';
import { fail, ok, type Result } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { createIndex, type EntryIndex, firstOf, insert, mixed } from '../state/index-of-entries.ts';
import { createHeld, dropHeld, giveHeld, type Held, hold } from './held.ts';
import { AGAIN_S, HELD_BYTES, SLEEPERS_MAX, WAKE_S } from './limits.ts';
import { createSources, maySource, type Sources } from './sources.ts';

export interface SleeperConfig {
  /** The VM, as who is asked for it knows it. */
  readonly name: string;
  /** A u32, and 16 bytes: whose packets wake it. */
  readonly ip4?: number;
  readonly ip6?: Uint8Array;
  /** Where its packets go. */
  readonly mac: Uint8Array;
}

/** `isRouted`: the frame's MAC addresses are to be put. What is given must be copied at once. */
export type GiveHeld = (
  vm: SleeperConfig,
  region: Region,
  at: number,
  bytes: number,
  isRouted: boolean,
) => void;

export interface SleepersParts {
  readonly vms: readonly SleeperConfig[];
  /** Asks for a VM, once: it is told of by `connected`, or it is not there in time. */
  readonly wake: (vm: SleeperConfig) => void;
  /** A frame that has waited goes to its VM. */
  readonly give: GiveHeld;
  /** Of a secret. */
  readonly seed: number;
}

const ASLEEP = 0;
/** Its packets wait until it is its turn to be asked for; it was asked for; it runs. */
const QUEUED = 1;
const ASKED = 2;
const RUNS = 3;

/** EINVAL: more than there may be, or two with one address. */
export function createSleepers(parts: SleepersParts, nowMs: number): Result<SleepingVms> {
  const { vms } = parts;
  if (vms.length > SLEEPERS_MAX) return fail('EINVAL', `more than ${SLEEPERS_MAX} VMs to wake`);
  const sleeping = new SleepingVms(parts, nowMs);
  const twice = sleeping.index();
  return twice === undefined ? ok(sleeping) : fail('EINVAL', `${twice} has another's address`);
}

export class SleepingVms {
  readonly #parts: SleepersParts;
  readonly #index: EntryIndex;
  /** Two for each VM: four words of IPv4, four of IPv6; by family 0: it has none. */
  readonly #addresses: Int32Array;
  readonly #families: Uint8Array;
  readonly #states: Uint8Array;
  /** Until when it may come, or from when on it may be asked for again. */
  readonly #untilS: Float64Array;
  readonly #held: Held;
  readonly #sources: Sources;
  #nowS: number;
  /** The one that was asked for, -1: none. */
  #asked = -1;
  /** Frames that were dropped. */
  dropped = 0;

  constructor(parts: SleepersParts, nowMs: number) {
    const count = parts.vms.length;
    this.#parts = parts;
    this.#index = createIndex(2 * count, parts.seed);
    this.#addresses = new Int32Array(8 * count);
    this.#families = new Uint8Array(2 * count);
    this.#states = new Uint8Array(count);
    this.#untilS = new Float64Array(count);
    this.#held = createHeld(count);
    this.#sources = createSources(parts.seed);
    this.#nowS = Math.floor(nowMs / 1000);
  }

  /** Once, before anything else: the name of one whose address another has. */
  index(): string | undefined {
    const words = new Int32Array(4);
    for (const [i, { name, ip4, ip6 }] of this.#parts.vms.entries()) {
      for (const family of [4, 6]) {
        if (family === 4 ? ip4 === undefined : ip6 === undefined) continue;
        const entry = 2 * i + (family === 4 ? 0 : 1);
        words.fill(0);
        if (family === 4) words[0] = ip4 as number;
        else for (let w = 0; w < 4; w++) words[w] = getU32(ip6 as Uint8Array, 4 * w);
        if (this.#find(family, words) >= 0) return name;
        this.#families[entry] = family;
        this.#addresses.set(words, 4 * entry);
        insert(this.#index, this.#hash(family, words), entry);
      }
    }
    return undefined;
  }

  #hash(family: number, words: Int32Array): number {
    let hash = mixed(this.#index.seed, family);
    for (let i = 0; i < 4; i++) hash = mixed(hash, words[i] as number);
    return hash;
  }

  /** The VM with this address, -1: none. */
  #find(family: number, words: Int32Array): number {
    let entry = firstOf(this.#index, this.#hash(family, words));
    for (; entry >= 0; entry = this.#index.next[entry] as number) {
      if (this.#families[entry] !== family) continue;
      let i = 0;
      while (i < 4 && this.#addresses[4 * entry + i] === words[i]) i++;
      if (i === 4) return entry >> 1;
    }
    return -1;
  }

  /** Whether a packet for this address waits, or is dropped: its VM does not run. */
  isAsleep(family: number, target: Int32Array): boolean {
    const vm = this.#find(family, target);
    return vm >= 0 && this.#states[vm] !== RUNS;
  }

  /** False: it is for nobody who sleeps. Else the frame was copied, or dropped. */
  holds(
    family: number,
    target: Int32Array,
    source: Int32Array,
    region: Region,
    at: number,
    bytes: number,
    isRouted: boolean,
  ): boolean {
    const vm = this.#find(family, target);
    if (vm < 0 || this.#states[vm] === RUNS) return false;
    if (this.#states[vm] === ASLEEP) {
      const isEarly = (this.#untilS[vm] as number) > this.#nowS;
      if (bytes > HELD_BYTES || isEarly || !maySource(this.#sources, family, source, this.#nowS)) {
        this.dropped++;
        return true;
      }
      this.#states[vm] = QUEUED;
      this.#untilS[vm] = this.#nowS + WAKE_S;
    }
    if (!hold(this.#held, vm, region.bytes, at, bytes, isRouted)) this.dropped++;
    this.#askNext();
    return true;
  }

  /** One at a time: the one that has waited longest. */
  #askNext(): void {
    if (this.#asked >= 0) return;
    let next = -1;
    for (let vm = 0; vm < this.#states.length; vm++) {
      if (this.#states[vm] !== QUEUED) continue;
      if (next < 0 || (this.#untilS[vm] as number) < (this.#untilS[next] as number)) next = vm;
    }
    if (next < 0) return;
    this.#states[next] = ASKED;
    this.#untilS[next] = this.#nowS + WAKE_S;
    this.#asked = next;
    this.#parts.wake(this.#parts.vms[next] as SleeperConfig);
  }

  /** The VM's vif is there: what waits for it is given to it. */
  connected(name: string): void {
    for (const [vm, config] of this.#parts.vms.entries()) {
      if (config.name !== name || this.#states[vm] === RUNS) continue;
      this.#states[vm] = RUNS;
      if (this.#asked === vm) this.#asked = -1;
      giveHeld(this.#held, vm, (region, at, bytes, isRouted) =>
        this.#parts.give(config, region, at, bytes, isRouted),
      );
    }
    this.#askNext();
  }

  /** The VM's vif is gone: the next packet wakes it. */
  gone(name: string): void {
    for (const [vm, config] of this.#parts.vms.entries()) {
      if (config.name !== name || this.#states[vm] !== RUNS) continue;
      this.#states[vm] = ASLEEP;
      this.#untilS[vm] = this.#nowS;
    }
  }

  /** Time has come so far: those that did not come up are given up. */
  tick(nowMs: number): void {
    const nowS = Math.floor(nowMs / 1000);
    if (nowS === this.#nowS) return;
    this.#nowS = nowS;
    for (let vm = 0; vm < this.#states.length; vm++) {
      const isWaited = this.#states[vm] === QUEUED || this.#states[vm] === ASKED;
      if (!isWaited || (this.#untilS[vm] as number) > nowS) continue;
      this.dropped += dropHeld(this.#held, vm);
      this.#untilS[vm] = nowS + (this.#states[vm] === ASKED ? AGAIN_S : 0);
      this.#states[vm] = ASLEEP;
      if (this.#asked === vm) this.#asked = -1;
    }
    this.#askNext();
  }
}
