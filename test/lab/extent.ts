// How much of the lab’s tests runs. With XTL_LAB=all every test runs on every Xen: over an hour.
import type { XenVersion } from './xen-version.ts';

export const isAll = process.env.XTL_LAB === 'all';

/** Without it 4.17 has every test, and 4.20 those that the version of Xen has a say in. */
export const hasEvery = (xen: XenVersion): boolean => isAll || xen === '4.17';
