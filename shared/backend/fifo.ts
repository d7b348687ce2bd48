/** A line of a bounded number of things in room that is made once: an array grows and shrinks. */

import { assert } from '../core/assert.ts';

export interface Fifo<T> {
  /** As many places as the line holds at most, rounded up to a power of two. */
  readonly places: (T | undefined)[];
  head: number;
  count: number;
}

export function createFifo<T>(max: number): Fifo<T> {
  const places: (T | undefined)[] = [];
  for (let size = 1; places.length < max; size *= 2)
    while (places.length < size) places.push(undefined);
  return { places, head: 0, count: 0 };
}

/** Behind all others. There must be room. */
export function append<T>(fifo: Fifo<T>, item: T): void {
  const { places } = fifo;
  assert(fifo.count < places.length, 'a line is full');
  places[(fifo.head + fifo.count) & (places.length - 1)] = item;
  fifo.count++;
}

/** The one that came so many after the first; undefined: there is none. */
export function peek<T>({ places, head, count }: Fifo<T>, index = 0): T | undefined {
  return index < count ? places[(head + index) & (places.length - 1)] : undefined;
}

/** Takes the first. */
export function shift<T>(fifo: Fifo<T>): T | undefined {
  const { places, head } = fifo;
  if (fifo.count === 0) return undefined;
  const item = places[head];
  places[head] = undefined;
  fifo.head = (head + 1) & (places.length - 1);
  fifo.count--;
  return item;
}

/** Things that live as long as the line stay in their places until others come. */
export function empty<T>(fifo: Fifo<T>): void {
  fifo.count = 0;
}
