import { expect, test } from 'vitest';
import { Heap, NOWHERE, type Placed } from './heap.ts';
import { prng } from './prng.ts';

interface Item extends Placed {
  readonly rank: number;
}

const heapOfItems = () => new Heap<Item>((a, b) => a.rank < b.rank);
const item = (rank: number): Item => ({ rank, place: NOWHERE });

test('what is taken out is out, once', () => {
  const heap = heapOfItems();
  const [one, two] = [item(1), item(2)];
  heap.push(two);
  heap.push(one);
  expect(heap.remove(one)).toBe(true);
  expect(heap.remove(one)).toBe(false);
  expect([heap.first(), heap.size]).toEqual([two, 1]);
  expect(heap.remove(two)).toBe(true);
  expect([heap.first(), heap.size]).toEqual([undefined, 0]);
});

test.each([1, 2, 3, 4, 5])('as a sorted list does, with seed %i', (seed) => {
  const rng = prng(seed);
  const heap = heapOfItems();
  const model: Item[] = [];
  for (let step = 0; step < 3000; step++) {
    const grows = step % 600 < 300 ? 0.7 : 0.3;
    if (model.length === 0 || rng.chance(grows)) {
      const added = item(rng.below(100_000) + step / 10_000);
      heap.push(added);
      model.push(added);
    } else {
      const [gone] = model.splice(rng.chance(0.5) ? 0 : rng.below(model.length), 1);
      expect(heap.remove(gone as Item)).toBe(true);
    }
    model.sort((a, b) => a.rank - b.rank);
    expect(heap.first()).toBe(model[0]);
    expect(heap.size).toBe(model.length);
  }
});
