import { expect, test } from 'vitest';
import { applyChanges } from './changes.ts';

const CHANGE = { why: 'it is so', from: 'ab', to: 'c', times: 2 };

test('a change is made in as many places as it names', () => {
  expect(applyChanges('ab-ab', [CHANGE])).toBe('c-c');
});

test.each(['ab', 'ab ab ab', ''])('of %j it is refused', (text) => {
  expect(() => applyChanges(text, [CHANGE])).toThrow(/has \d places, not 2, where it is so/);
});
