import { expect, it } from 'vitest';
import { prng } from '../core/prng.ts';
import { append, createFifo, empty, peek, shift } from './fifo.ts';

it.each([
  [1, 1],
  [2, 2],
  [3, 4],
  [640, 1024],
])('a line of %i has %i places', (max, places) => {
  expect(createFifo(max).places).toHaveLength(places);
});

it.each([1, 2, 3])('a line is what an array is, seed %i', (seed) => {
  const random = prng(seed);
  const line = createFifo<number>(8);
  let model: number[] = [];
  for (let step = 0; step < 2000; step++) {
    if (random.chance(0.55) && model.length < 8) {
      append(line, step);
      model.push(step);
    } else expect(shift(line)).toBe(model.shift());
    if (random.chance(0.01)) {
      empty(line);
      model = [];
    }
    expect(line.count).toBe(model.length);
    for (let i = 0; i < 9; i++) expect(peek(line, i)).toBe(model[i]);
  }
});

it('a line takes no more than it has places for', () => {
  const line = createFifo<string>(2);
  append(line, 'a');
  append(line, 'b');
  expect(() => append(line, 'c')).toThrow('full');
});
