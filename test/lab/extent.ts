// How much of the lab’s tests runs, and where: each Xen is a project of vitest’s.
import { type XenVersion, xenVersions } from './xen-version.ts';

/** `npm run test:all`: every test on every Xen. */
export const isAll = process.env.XTL_TESTS === 'all';

/** Without it 4.17 has every test, and 4.20 those that the version of Xen has a say in. */
export const hasEvery = (xen: XenVersion): boolean => isAll || xen === '4.17';

/** The Xens that a test file is about: that of its project, so that the others run beside it. */
export const xensHere: readonly XenVersion[] = xenVersions.filter(
  (xen) => (process.env.XTL_XEN ?? xen) === xen,
);
