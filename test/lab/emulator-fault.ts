// What QEMU's processor emulation broke, by what Xen logged.

/**
 * How many guests have died in a triple fault. On Xen 4.20 the emulated VMRUN now and then enters a
 * healthy guest with its address space not in place, so that the first fetch faults, and so do its
 * handlers. A mistake of a domain builder's looks the same, but happens every time.
 */
export const tripleFaults = (xenLog: string): number => xenLog.split('Triple fault').length - 1;

/**
 * Whether a Linux died of a breakpoint that was no longer there, by what it said. It puts one where
 * it changes its own code, and takes it away when all processors have seen the change; an emulated
 * one now and then runs the old translation, and its trap has no owner (seen once, in dom0).
 */
export const isStaleBreakpoint = (text: string): boolean => text.includes('exc_int3');

export const brokeDom0 = (xenLog: string): boolean =>
  isStaleBreakpoint(xenLog) && xenLog.includes('Hardware Dom0 crashed');
