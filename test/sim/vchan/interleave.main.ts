/**
 * One of two ends that take turns at each of their accesses to shared memory, in an order that a
 * seed decides: run as a worker thread by interleavings.test.ts.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { createEnd } from '../../../shared/vchan/end.ts';
import { readVchan, recvVchan, sendVchan, writeVchan } from '../../../shared/vchan/stream.ts';
import { byteAt, pagesIn } from './ends.ts';
import { ORDERS, SLOT, type Task } from './turns.ts';

const { load, store, exchange, or, and, wait, notify } = Atomics;
const { memory, baton, self } = workerData as {
  memory: SharedArrayBuffer;
  baton: Int32Array;
  self: 0 | 1;
};
const other = 1 - self;

/** xorshift over shared state: whoever holds the baton draws. */
function draw(): number {
  let x = load(baton, SLOT.random);
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  store(baton, SLOT.random, x);
  return x >>> 0;
}

function passBaton(): void {
  store(baton, SLOT.holder, other);
  notify(baton, SLOT.holder);
  while (load(baton, SLOT.holder) !== self) wait(baton, SLOT.holder, other);
}

/** Whether the other end could do something. */
const otherCanRun = (): boolean => {
  const state = load(baton, SLOT.state + other);
  return state === 0 || (state === 1 && load(baton, SLOT.pending + other) === 1);
};

/** Before and after each access: the other end may go on for a while. */
function step(): void {
  if (load(baton, SLOT.isOn) === 0 || draw() % load(baton, SLOT.rarity) !== 0) return;
  if (otherCanRun()) passBaton();
}

type Access = (array: Int32Array, at: number, value?: number) => number;

const stepped =
  (access: (array: Int32Array, at: number, value: number) => number): Access =>
  (array, at, value = 0) => {
    step();
    const result = access(array, at, value);
    step();
    return result;
  };
Object.assign(Atomics, {
  load: stepped(load),
  store: stepped(store),
  or: stepped(or),
  and: stepped(and),
});

/** Sleeps until the event comes; false if nobody is left who could raise it: a lost wake-up. */
function sleep(): boolean {
  store(baton, SLOT.state + self, 1);
  while (load(baton, SLOT.pending + self) === 0) {
    if (!otherCanRun()) return false;
    passBaton();
  }
  store(baton, SLOT.pending + self, 0);
  store(baton, SLOT.state + self, 0);
  return true;
}

function run({ packets, bytes, most }: Task): string {
  const isServer = self === 0;
  const raise = (): void => {
    step();
    exchange(baton, SLOT.pending + other, 1);
    step();
  };
  const end = createEnd(isServer, pagesIn(memory, ORDERS), ORDERS, raise);
  const buffer = new Uint8Array(4096);
  const [toSend, toGet] = [bytes[self], bytes[other === 1 ? 1 : 0]];
  const sizeAt = (seed: number, left: number, done: number, ring: number): number =>
    Math.min(left, 1 + ((byteAt(seed, done * 3 + 1) * 7) % Math.min(most, ring)));
  const [mine, theirs] = isServer ? [2, 1] : [1, 2];
  let [sent, got] = [0, 0];
  while (sent < toSend || got < toGet) {
    let moved = 0;
    if (sent < toSend) {
      const size = sizeAt(mine, toSend - sent, sent, end.write.size);
      for (let i = 0; i < size; i++) buffer[i] = byteAt(mine, sent + i);
      const count = (packets ? sendVchan : writeVchan)(end, buffer, 0, size);
      if (count < 0) return `a write gives ${count}`;
      sent += count;
      moved += count;
    }
    if (got < toGet) {
      const size = sizeAt(theirs, toGet - got, got, end.read.size);
      const count = (packets ? recvVchan : readVchan)(end, buffer, 0, size);
      if (count < 0) return `a read gives ${count}`;
      for (let i = 0; i < count; i++) {
        if (buffer[i] !== byteAt(theirs, got + i)) return `byte ${got + i} is ${buffer[i]}`;
      }
      got += count;
      moved += count;
    }
    if (moved === 0 && !sleep()) return `a lost wake-up: ${sent} sent, ${got} got`;
  }
  return 'ok';
}

parentPort?.on('message', (task: Task) => {
  while (load(baton, SLOT.holder) !== self) wait(baton, SLOT.holder, other);
  const outcome = run(task);
  store(baton, SLOT.state + self, 2);
  store(baton, SLOT.holder, other);
  notify(baton, SLOT.holder);
  parentPort?.postMessage(outcome);
});
