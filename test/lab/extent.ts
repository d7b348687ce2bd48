// How much of the lab’s tests runs: `npm run test:all` runs every test on every Xen.
import type { XenVersion } from './xen-version.ts';

export const isAll = process.env.XTL_TESTS === 'all';

/** Without it 4.17 has every test, and 4.20 those that the version of Xen has a say in. */
export const hasEvery = (xen: XenVersion): boolean => isAll || xen === '4.17';
