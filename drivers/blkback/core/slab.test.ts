import { expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { createSlab, givePages, takePages } from './slab.ts';

const slabOf = (pages: number) => {
  const memory = new ArrayBuffer(pages * 4096);
  return createSlab({ bytes: new Uint8Array(memory), words: new Int32Array(memory) });
};

it('gives runs that nobody else has, and finds one if there is one', () => {
  const random = prng(7);
  const slab = slabOf(64);
  const owners = new Array<number>(64).fill(0);
  const taken: [number, number][] = [];
  for (let owner = 1; owner < 5000; owner++) {
    if (random.chance(0.55)) {
      const count = 1 + random.below(random.chance(0.1) ? 64 : 9);
      const first = takePages(slab, count);
      const runs = owners.map((_, i) => owners.slice(i, i + count));
      const exists = runs.some((run) => run.length === count && run.every((each) => each === 0));
      expect(first >= 0).toBe(exists);
      if (first < 0) continue;
      expect(owners.slice(first, first + count)).toEqual(new Array(count).fill(0));
      owners.fill(owner, first, first + count);
      taken.push([first, count]);
    } else if (taken.length > 0) {
      const [first, count] = taken.splice(random.below(taken.length), 1)[0] as [number, number];
      givePages(slab, first, count);
      owners.fill(0, first, first + count);
    }
    expect(slab.free).toBe(owners.filter((each) => each === 0).length);
  }
});

it('takes back what it gave, once', () => {
  const slab = slabOf(4);
  const first = takePages(slab, 4);
  expect([first, takePages(slab, 1)]).toEqual([0, -1]);
  givePages(slab, 2, 2);
  expect(() => givePages(slab, 3, 1)).toThrow('given back twice');
});
