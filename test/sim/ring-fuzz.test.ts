import { it } from 'vitest';
import { fuzzRing } from './ring-fuzz.ts';

it.each(Array.from({ length: 40 }, (_, i) => i + 1))(
  'a guest that does anything at all to its page harms nobody else, seed %d',
  (seed) => fuzzRing(seed, 150),
);
