import { afterEach, expect, test } from 'vitest';
import { copyBytes, tuneCopies } from './copy.ts';

afterEach(() => tuneCopies(96));

test.each([0, 6, 96, 1000])(
  'with views from %d bytes on, copies are what they are',
  (viewBytes) => {
    tuneCopies(viewBytes);
    const from = Uint8Array.from({ length: 300 }, (_, i) => i);
    for (const count of [0, 1, 5, 6, 95, 96, 200]) {
      const to = new Uint8Array(300).fill(7);
      copyBytes(from, 50, to, 30, count);
      expect([...to]).toEqual([
        ...Array(30).fill(7),
        ...from.subarray(50, 50 + count),
        ...Array(270 - count).fill(7),
      ]);
    }
  },
);
