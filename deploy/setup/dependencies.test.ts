// When the npm packages are those of the lock file.
import { expect, it } from 'vitest';
import { agrees } from './dependencies.mjs';

const locked = {
  '': { version: '0.1.0' },
  'node_modules/a': { version: '1.0.0' },
  'node_modules/b-arm64': { version: '1.0.0', optional: true },
};

it.each([
  ['all are there', { 'node_modules/a': { version: '1.0.0' } }, true],
  [
    "another processor's too",
    { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b-arm64': { version: '1.0.0' } },
    true,
  ],
  ['one is missing', {}, false],
  ['one is of another version', { 'node_modules/a': { version: '1.0.1' } }, false],
  [
    'one is too many',
    { 'node_modules/a': { version: '1.0.0' }, 'node_modules/c': { version: '1.0.0' } },
    false,
  ],
])('%s: %j is %s', (_, installed, expected) => {
  expect(agrees(locked, installed)).toBe(expected);
});
