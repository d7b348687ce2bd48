/** What is to happen at a time, earliest first; at the same time in the order of asking. */

import { Heap, NOWHERE, type Placed } from '../../core/heap.ts';

interface Timer extends Placed {
  readonly at: number;
  readonly order: number;
  readonly call: () => void;
}

export class Timers {
  readonly #heap = new Heap<Timer>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  #asked = 0;
  /** When the next one is due, Infinity when there is none: asked in each turn. */
  earliest = Number.POSITIVE_INFINITY;

  /** How many calls are to come. */
  get size(): number {
    return this.#heap.size;
  }

  /** Makes the call once at time `at`; the returned function takes that back. */
  add(at: number, call: () => void): () => void {
    const timer: Timer = { at, order: this.#asked++, call, place: NOWHERE };
    this.#heap.push(timer);
    this.#look();
    return () => {
      this.#heap.remove(timer);
      this.#look();
    };
  }

  /** Makes the calls that are due at `now`, but not what those calls add. */
  run(now: number): void {
    const before = this.#asked;
    for (let first = this.#heap.first(); first; first = this.#heap.first()) {
      if (first.at > now || first.order >= before) return;
      this.#heap.remove(first);
      this.#look();
      first.call();
    }
  }

  #look(): void {
    this.earliest = this.#heap.first()?.at ?? Number.POSITIVE_INFINITY;
  }
}
