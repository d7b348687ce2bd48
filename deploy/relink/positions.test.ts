import { expect, test } from 'vitest';
import { positionTable, segmentsOf } from './positions.ts';

test('segments are decoded, those that change nothing left out', () => {
  // Line 0: column 0 is source 0 line 0; column 4 the same; line 2: column 2 is source 1 line 3.
  expect(segmentsOf('AAAA,IAAI;;ECGA')).toEqual([
    { line: 0, column: 0, source: 0, sourceLine: 0 },
    { line: 2, column: 2, source: 1, sourceLine: 3 },
  ]);
});

test('the table is what the kernel reads: names, then differences', () => {
  const map = JSON.stringify({ sources: ['a', 'b'], mappings: 'AAAA;;ECGA' });
  const names = [2, 0, 97, 0, 98, 0];
  expect([...positionTable(map)]).toEqual([...names, 0, 0, 0, 0, 2, 2, 2, 6]);
});

test('a broken map is refused', () => {
  expect(() => segmentsOf('A?A')).toThrow('character ?');
});
