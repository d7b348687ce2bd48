/** Virtual time: what happens when. Where times are equal, the seed decides the order. */

import { assert } from '../../core/assert.ts';
import { Heap, NOWHERE, type Placed } from '../../core/heap.ts';
import type { Prng } from '../../core/prng.ts';

export interface Schedule {
  /** Nanoseconds since the simulation began; an integer. */
  nowNs(): number;
  /** Plans `run` for `ns` from now; the returned function takes that back. */
  after(ns: number, run: () => void): () => void;
  /** How many things are planned. */
  planned(): number;
  /** When the next thing happens, if anything is planned. */
  nextNs(): number | undefined;
  /** Goes to the next thing's time and does it. */
  step(): void;
  /** Goes to a time before which nothing is planned. */
  skipTo(ns: number): void;
}

interface Entry extends Placed {
  readonly ns: number;
  readonly tie: number;
  readonly order: number;
  readonly run: () => void;
}

function before(a: Entry, b: Entry): boolean {
  if (a.ns !== b.ns) return a.ns < b.ns;
  return a.tie !== b.tie ? a.tie < b.tie : a.order < b.order;
}

export function schedule(rng: Prng): Schedule {
  const heap = new Heap<Entry>(before);
  let now = 0;
  let asked = 0;
  return {
    nowNs: () => now,
    after(ns, run) {
      assert(ns >= 0, `planned ${ns} ns from now`);
      const at = now + Math.ceil(ns);
      const entry: Entry = { ns: at, tie: rng.next(), order: asked++, run, place: NOWHERE };
      heap.push(entry);
      return () => {
        heap.remove(entry);
      };
    },
    planned: () => heap.size,
    nextNs: () => heap.first()?.ns,
    step() {
      const entry = heap.first();
      assert(entry !== undefined, 'nothing is planned');
      heap.remove(entry);
      now = entry.ns;
      entry.run();
    },
    skipTo(ns) {
      assert((heap.first()?.ns ?? ns) >= ns, 'something is planned before');
      now = Math.max(now, ns);
    },
  };
}
