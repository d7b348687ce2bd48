/** Did you mean. */

import { expect, test } from 'vitest';
import { KEYS } from './keys.ts';
import { nearest } from './nearest.ts';

test.each([
  ['memroy', 'memory'],
  ['vcpu', 'vcpus'],
  ['on_powerof', 'on_poweroff'],
  ['initrd', undefined],
  ['kernal', 'kernel'],
  ['mem', 'memory'],
  ['on_', 'on_crash'],
  ['v', undefined],
  ['xyzzy', undefined],
])('%s is meant as %s', (word, wanted) => {
  expect(nearest(word, KEYS.keys())).toBe(wanted);
});
