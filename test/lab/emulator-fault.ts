// A fault of QEMU's processor emulation, told from a guest's own faults by what Xen logged.

/** Xen's own code segment (`__HYPERVISOR_CS64`, xen/include/public/arch-x86/xen-x86_64.h). */
const XEN_CODE_SEGMENT = 'cs: e008';

/**
 * How many guests have died with Xen's own registers for theirs. Now and then the emulated #VMEXIT
 * leaves Xen's state where the guest's belongs, and the guest then runs at an address of Xen's. No
 * guest can bring that about by itself: a PVH guest's selectors are its own.
 */
export const emulatorFaults = (xenLog: string): number =>
  xenLog
    .split('Triple fault')
    .slice(1)
    .filter((after) => after.split('\n').slice(0, 24).join('\n').includes(XEN_CODE_SEGMENT)).length;
