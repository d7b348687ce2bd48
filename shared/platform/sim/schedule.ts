/** Virtual time: what happens when. Where times are equal, the seed decides the order. */

import { assert } from '../../core/assert.ts';
import type { Prng } from '../../core/prng.ts';

export interface Schedule {
  /** Nanoseconds since the simulation began; an integer. */
  nowNs(): number;
  /** Plans `run` for `ns` from now; the returned function takes that back. */
  after(ns: number, run: () => void): () => void;
  /** When the next thing happens, if anything is planned. */
  nextNs(): number | undefined;
  /** Goes to the next thing's time and does it. */
  step(): void;
  /** Goes to a time before which nothing is planned. */
  skipTo(ns: number): void;
}

interface Entry {
  readonly ns: number;
  readonly tie: number;
  readonly order: number;
  run: (() => void) | undefined;
}

function before(a: Entry, b: Entry): boolean {
  if (a.ns !== b.ns) return a.ns < b.ns;
  return a.tie !== b.tie ? a.tie < b.tie : a.order < b.order;
}

/** A binary heap of what is planned; what was taken back stays in it until it comes to the top. */
export function schedule(rng: Prng): Schedule {
  const heap: Entry[] = [];
  let now = 0;
  let planned = 0;
  const top = (): Entry | undefined => {
    while (heap.length > 0 && heap[0]!.run === undefined) pop(heap);
    return heap[0];
  };
  return {
    nowNs: () => now,
    after(ns, run) {
      assert(ns >= 0, `planned ${ns} ns from now`);
      const entry: Entry = { ns: now + Math.ceil(ns), tie: rng.next(), order: planned++, run };
      push(heap, entry);
      return () => {
        entry.run = undefined;
      };
    },
    nextNs: () => top()?.ns,
    step() {
      const entry = top();
      assert(entry !== undefined, 'nothing is planned');
      pop(heap);
      now = entry.ns;
      entry.run?.();
    },
    skipTo(ns) {
      assert((top()?.ns ?? ns) >= ns, 'something is planned before');
      now = Math.max(now, ns);
    },
  };
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (before(heap[parent]!, entry)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (before(last, heap[child]!)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}
