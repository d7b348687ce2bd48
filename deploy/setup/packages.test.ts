// Which Debian packages the set-up would install.
import { expect, it } from 'vitest';
import { missing } from './packages.mjs';

it('only what is not installed is missing', () => {
  expect(missing(['dpkg', 'no-such-package-here', 'coreutils'])).toEqual(['no-such-package-here']);
  expect(missing(['dpkg'])).toEqual([]);
});
