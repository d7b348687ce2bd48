// How much of the lab’s tests runs, and where: each Xen is a project of vitest’s.
import { type XenVersion, xenVersions } from './xen-version.ts';

/** `npm run test:all`: every test on every Xen. */
export const isAll = process.env.XTL_TESTS === 'all';

/** Of what is in each run 4.17 has nearly all, and 4.20 what the version of Xen has a say in. */
export const hasEvery = (xen: XenVersion): boolean => isAll || xen === '4.17';

/** The Xens that a test file is about: that of its project, so that the others run beside it. */
export const xensHere: readonly XenVersion[] = xenVersions.filter(
  (xen) => (process.env.XTL_XEN ?? xen) === xen,
);
