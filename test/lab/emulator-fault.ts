// What QEMU's processor emulation broke, by what Xen logged.

/**
 * How many guests have died in a triple fault. On Xen 4.20 the emulated VMRUN now and then enters a
 * healthy guest with its address space not in place, so that the first fetch faults, and so do its
 * handlers. A mistake of a domain builder's looks the same, but happens every time.
 */
export const tripleFaults = (xenLog: string): number => xenLog.split('Triple fault').length - 1;

/**
 * Whether dom0 died of a breakpoint that was no longer there. Linux puts one where it changes its
 * own code, and takes it away when all processors have seen the change; an emulated one now and
 * then runs the old translation, and its trap has no owner (seen once in about 150 boots).
 */
export const brokeDom0 = (xenLog: string): boolean =>
  xenLog.includes('exc_int3') && xenLog.includes('Hardware Dom0 crashed');
