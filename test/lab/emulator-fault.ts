// Guests that QEMU's processor emulation killed, by what Xen logged.

/**
 * How many guests have died in a triple fault. On Xen 4.20 the emulated VMRUN now and then enters a
 * healthy guest with its address space not in place, so that the first fetch faults, and so do its
 * handlers. A mistake of a domain builder's looks the same, but happens every time.
 */
export const tripleFaults = (xenLog: string): number => xenLog.split('Triple fault').length - 1;
