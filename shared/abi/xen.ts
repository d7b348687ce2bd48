/**
 * Hypercall numbers, reserved domids and VIRQs (xen.h @ RELEASE-4.17.0, RELEASE-4.20.0,
 * RELEASE-4.22.0).
 */

export const __HYPERVISOR_memory_op = 12;
export const __HYPERVISOR_xen_version = 17;
export const __HYPERVISOR_console_io = 18;
export const __HYPERVISOR_grant_table_op = 20;
export const __HYPERVISOR_vcpu_op = 24;
export const __HYPERVISOR_sched_op = 29;
export const __HYPERVISOR_event_channel_op = 32;
export const __HYPERVISOR_hvm_op = 34;
export const __HYPERVISOR_sysctl = 35;
export const __HYPERVISOR_domctl = 36;

export const CONSOLEIO_write = 0;
export const CONSOLEIO_read = 1;

export const DOMID_FIRST_RESERVED = 0x7ff0;
export const DOMID_SELF = 0x7ff0;
export const DOMID_IO = 0x7ff1;
export const DOMID_XEN = 0x7ff2;
export const DOMID_COW = 0x7ff3;
export const DOMID_INVALID = 0x7ff4;
/** Since 4.22. */
export const DOMID_ANY = 0x7ff5;
export const DOMID_IDLE = 0x7fff;

export const VIRQ_TIMER = 0;
export const VIRQ_DEBUG = 1;
export const VIRQ_CONSOLE = 2;
/** To the domain that asked for it (dom0, or a xenstore domain): a domain shut down or is gone. */
export const VIRQ_DOM_EXC = 3;
export const VIRQ_TBUF = 4;
export const VIRQ_DEBUGGER = 6;
export const VIRQ_CON_RING = 8;
export const VIRQ_PCPU_STATE = 9;
export const VIRQ_ARGO = 11;
export const VIRQ_ENOMEM = 12;
export const NR_VIRQS = 24;

/** Flags of a domain's start info: it is privileged, it is the first domain. */
export const SIF_PRIVILEGED = 1 << 0;
export const SIF_INITDOMAIN = 1 << 1;

/** Bytes written to this port by an HVM or PVH domain go to Xen's log (arch-x86/xen.h). */
export const XEN_HVM_DEBUGCONS_IOPORT = 0xe9;
