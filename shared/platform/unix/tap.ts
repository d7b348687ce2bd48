/** A TAP of this host as what lies behind a vif: frames with virtio headers, in several queues. */

import { closeSync } from 'node:fs';
import { assert } from '../../core/assert.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { NET_HEADER_BYTES, type NetLink } from '../net-io.ts';
import type { Region } from '../region.ts';
import type { Polled, Poller } from './poller.ts';
import { openTapDevice, type TapDevice } from './tap-device.ts';
import { callEngine, type TapEngine } from './tap-engine.ts';
import { uringEngine } from './tap-uring.ts';

/** Frames that are received at a time, at most. */
const BATCH_MAX = 256;

export interface TapOptions {
  /** `vif3.0`: whose device it is, and its name until a script gives it another. */
  readonly vif: string;
  readonly queues: number;
  /** Of the device; as it is, if not given. */
  readonly mtu?: number;
  /** Where a region lies that frames are in. */
  readonly addressOf: (region: Region) => number | undefined;
  readonly poller: Poller;
  /** Somebody has removed the device. Nothing comes or goes any more. */
  readonly onGone: () => void;
  /** `calls` where io_uring is not wanted. */
  readonly engine?: 'uring' | 'calls';
}

export interface Tap extends NetLink {
  /** Frames that were not sent though `tx` took them, and those that did not fit their slots. */
  lost(): number;
}

/** Looked up once for each run of calls with the same region. */
function createPlaces(addressOf: TapOptions['addressOf']) {
  let last: Region | undefined;
  let base = 0;
  return (region: Region, at: number): number => {
    if (region !== last) {
      const address = addressOf(region);
      assert(address !== undefined, 'frames in memory that is not ours');
      last = region;
      base = address;
    }
    return base + at;
  };
}

interface Waiter {
  polled: Polled | undefined;
  tell: (() => void) | undefined;
  isArmed: boolean;
}

/** Who waits for frames of which queue. A queue that nobody asks for is not watched for long. */
function createWaiters(
  fds: readonly number[],
  poller: Poller,
  gone: () => void,
): Result<Pick<NetLink, 'want' | 'close'>> {
  const waiters: Waiter[] = [];
  const close = (): void => {
    for (const { polled } of waiters) polled?.remove();
    waiters.length = 0;
  };
  const ready = (waiter: Waiter, isOver: boolean): void => {
    const { tell } = waiter;
    waiter.tell = undefined;
    if (isOver) {
      close();
      gone();
    } else if (tell !== undefined) tell();
    else {
      waiter.isArmed = false;
      waiter.polled?.want(false, false);
    }
  };
  for (const fd of fds) {
    const waiter: Waiter = { polled: undefined, tell: undefined, isArmed: true };
    const polled = poller.add(fd, (_readable, _writable, isOver) => ready(waiter, isOver));
    if (!polled.ok) {
      close();
      return polled;
    }
    waiter.polled = polled.value;
    waiters.push(waiter);
  }
  const want = (queue: number, then: () => void): void => {
    const waiter = waiters[queue];
    if (waiter === undefined) return;
    waiter.tell = then;
    if (waiter.isArmed) return;
    waiter.isArmed = true;
    waiter.polled?.want(true, false);
  };
  return ok({ want, close });
}

/** A frame that fills its slot is not all there. */
const isWhole = (length: number, slotBytes: number): boolean =>
  length > NET_HEADER_BYTES && length < slotBytes;

function tapOf(
  { fds, mac, mtu }: TapDevice,
  engine: TapEngine,
  { want, close }: Pick<NetLink, 'want' | 'close'>,
  addressOf: TapOptions['addressOf'],
): Tap {
  const sendPlace = createPlaces(addressOf);
  const receivePlace = createPlaces(addressOf);
  const results = new Int32Array(BATCH_MAX);
  let cutOff = 0;
  /** Puts frames without a gap from `at` on: how many there are. */
  const gather = (
    { bytes }: Region,
    at: number,
    slotBytes: number,
    lengths: Uint32Array,
    count: number,
  ): number => {
    let got = 0;
    for (let i = 0; i < count; i++) {
      const length = results[i] as number;
      if (!isWhole(length, slotBytes)) {
        if (length > 0) cutOff++;
        continue;
      }
      const from = at + i * slotBytes;
      if (got !== i) bytes.copyWithin(at + got * slotBytes, from, from + length);
      lengths[got++] = length;
    }
    return got;
  };
  return {
    mac,
    mtu,
    queues: fds.length,
    tx: (queue, region, at, bytes) => {
      assert(at + bytes <= region.bytes.length, 'a frame beyond its memory');
      return engine.write(queue, sendPlace(region, at), bytes);
    },
    rx: (queue, region, at, slotBytes, lengths, max) => {
      assert(max <= BATCH_MAX && at + max * slotBytes <= region.bytes.length, 'no room for frames');
      const count = engine.read(queue, receivePlace(region, at), slotBytes, results, max);
      return gather(region, at, slotBytes, lengths, count);
    },
    want,
    submit: engine.submit,
    lost: () => engine.refused() + cutOff,
    close: () => {
      close();
      engine.close();
      for (const fd of fds) closeSync(fd);
    },
  };
}

/**
 * The device of a vif, made if there is none, with so many queues. Slots for `rx` are larger than
 * any frame with its header. Failures as of openTapDevice; ENOSPC: too much is watched.
 */
export function openTap(options: TapOptions): Result<Tap> {
  const { vif, queues, mtu, poller, addressOf, onGone, engine = 'uring' } = options;
  const device = openTapDevice(vif, queues, mtu);
  if (!device.ok) return device;
  const { fds } = device.value;
  const waiters = createWaiters(fds, poller, onGone);
  const uring = engine === 'uring' ? uringEngine(fds) : fail('ENOSYS', '');
  const chosen = uring.ok ? uring : callEngine(fds);
  if (waiters.ok && chosen.ok) {
    return ok(tapOf(device.value, chosen.value, waiters.value, addressOf));
  }
  if (waiters.ok) waiters.value.close();
  for (const fd of fds) closeSync(fd);
  return waiters.ok ? (chosen as Result<never>) : waiters;
}
