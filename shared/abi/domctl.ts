/**
 * Domain control (domctl.h @ RELEASE-4.17.0, RELEASE-4.18.0, RELEASE-4.19.0, RELEASE-4.20.0,
 * RELEASE-4.21.0, RELEASE-4.22.0). Interface version 0x15 is 4.17, 0x16 is 4.18, 0x17 is 4.19 to
 * 4.21, 0x18 is 4.22.
 */

import { bytes, i32, layout, u8, u16, u32, u64 } from '../core/layout.ts';
import { DOMID_ANY } from './xen.ts';

export const XEN_DOMCTL_createdomain = 1;
export const XEN_DOMCTL_destroydomain = 2;
export const XEN_DOMCTL_pausedomain = 3;
export const XEN_DOMCTL_unpausedomain = 4;
export const XEN_DOMCTL_getdomaininfo = 5;
export const XEN_DOMCTL_max_mem = 11;
export const XEN_DOMCTL_max_vcpus = 15;
export const XEN_DOMCTL_setdomainhandle = 17;
export const XEN_DOMCTL_gethvmcontext = 33;
export const XEN_DOMCTL_sethvmcontext = 34;
export const XEN_DOMCTL_gethvmcontext_partial = 55;
export const XEN_DOMCTL_set_virq_handler = 66;
export const XEN_DOMCTL_get_paging_mempool_size = 85;
export const XEN_DOMCTL_set_paging_mempool_size = 86;
/** Since 4.21. Stable: of interface version 0, whichever the others are of. */
export const XEN_DOMCTL_get_domain_state = 90;

export const XEN_DOMCTL_CDF_hvm = 1 << 0;
export const XEN_DOMCTL_CDF_hap = 1 << 1;
export const XEN_DOMCTL_CDF_s3_integrity = 1 << 2;
export const XEN_DOMCTL_CDF_oos_off = 1 << 3;
export const XEN_DOMCTL_CDF_xs_domain = 1 << 4;
export const XEN_DOMCTL_CDF_iommu = 1 << 5;
export const XEN_DOMCTL_CDF_nested_virt = 1 << 6;
export const XEN_DOMCTL_CDF_vpmu = 1 << 7;

/** The bits of grant_opts that say the highest grant table version allowed. */
export const XEN_DOMCTL_GRANT_version_mask = 0xf;

/** A PVH domain has an emulated local APIC and nothing else (arch-x86/xen.h). */
export const XEN_X86_EMU_LAPIC = 1 << 0;
export const XEN_X86_MSR_RELAXED = 1 << 0;

export const XEN_DOMINF_dying = 1 << 0;
export const XEN_DOMINF_hvm_guest = 1 << 1;
export const XEN_DOMINF_shutdown = 1 << 2;
export const XEN_DOMINF_paused = 1 << 3;
export const XEN_DOMINF_blocked = 1 << 4;
export const XEN_DOMINF_running = 1 << 5;
export const XEN_DOMINF_debugged = 1 << 6;
export const XEN_DOMINF_xs_domain = 1 << 7;
export const XEN_DOMINF_hap = 1 << 8;
/** The shutdown code is `(flags >> shutdownshift) & shutdownmask`. */
export const XEN_DOMINF_shutdownmask = 255;
export const XEN_DOMINF_shutdownshift = 16;
/** `max_vcpu_id` of a domain without vCPUs. */
export const XEN_INVALID_MAX_VCPU_ID = 0xffffffff;

/** The head of every domctl; the operation's own struct is the union `u`. */
export const xenDomctl = layout('struct xen_domctl', 144, {
  cmd: u32(0),
  interfaceVersion: u32(4),
  domain: u16(8),
  u: bytes(16, 128),
});

const createdomainHead = {
  ssidref: u32(0),
  handle: bytes(4, 16),
  flags: u32(20),
  iommuOpts: u32(24),
  maxVcpus: u32(28),
  maxEvtchnPort: u32(32),
  maxGrantFrames: i32(36),
  maxMaptrackFrames: i32(40),
  grantOpts: u32(44),
} as const;

const createdomain15 = layout('struct xen_domctl_createdomain', 64, {
  ...createdomainHead,
  vmtraceSize: u32(48),
  cpupoolId: u32(52),
  emulationFlags: u32(56, 'arch.emulation_flags'),
  miscFlags: u32(60, 'arch.misc_flags'),
});

/** Of 4.19 and 4.20; 4.21 says 0x17 too and has two halves in altp2m, as 0x18: zero is zero. */
const createdomain17 = layout('struct xen_domctl_createdomain', 68, {
  ...createdomainHead,
  altp2mOpts: u32(48, 'altp2m_opts'),
  vmtraceSize: u32(52),
  cpupoolId: u32(56),
  emulationFlags: u32(60, 'arch.emulation_flags'),
  miscFlags: u32(64, 'arch.misc_flags'),
});

const createdomain18 = layout('struct xen_domctl_createdomain', 68, {
  ...createdomainHead,
  altp2mOpts: u16(48, 'altp2m.opts'),
  altp2mNr: u16(50, 'altp2m.nr'),
  vmtraceSize: u32(52),
  cpupoolId: u32(56),
  emulationFlags: u32(60, 'arch.emulation_flags'),
  miscFlags: u32(64, 'arch.misc_flags'),
});

export const xenDomctlGetdomaininfo = layout('struct xen_domctl_getdomaininfo', 112, {
  domain: u16(0),
  flags: u32(4),
  totPages: u64(8),
  maxPages: u64(16),
  outstandingPages: u64(24),
  shrPages: u64(32),
  pagedPages: u64(40),
  sharedInfoFrame: u64(48),
  cpuTime: u64(56),
  nrOnlineVcpus: u32(64),
  maxVcpuId: u32(68),
  ssidref: u32(72),
  handle: bytes(76, 16),
  cpupool: u32(92),
  gpaddrBits: u8(96),
  emulationFlags: u32(104, 'arch_config.emulation_flags'),
  miscFlags: u32(108, 'arch_config.misc_flags'),
});

/**
 * What differs, by XEN_DOMCTL_INTERFACE_VERSION, newest first, and the newest Xen that speaks it.
 * `anyDomid` asks createdomain for the next free domid: 0 did until it came to mean domain 0.
 */
export const DOMCTL_INTERFACES = [
  { version: 0x18, xen: '4.22', createdomain: createdomain18, anyDomid: DOMID_ANY },
  { version: 0x17, xen: '4.21', createdomain: createdomain17, anyDomid: 0 },
  { version: 0x16, xen: '4.18', createdomain: createdomain15, anyDomid: 0 },
  { version: 0x15, xen: '4.17', createdomain: createdomain15, anyDomid: 0 },
] as const;

export type DomctlInterface = (typeof DOMCTL_INTERFACES)[number];

export const xenDomctlMaxMem = layout('struct xen_domctl_max_mem', 8, { maxMemkb: u64(0) });

export const xenDomctlMaxVcpus = layout('struct xen_domctl_max_vcpus', 4, { max: u32(0) });

export const xenDomctlSetVirqHandler = layout('struct xen_domctl_set_virq_handler', 4, {
  virq: u32(0),
});

export const xenDomctlSetdomainhandle = layout('struct xen_domctl_setdomainhandle', 16, {
  handle: bytes(0, 16),
});

/** `buffer` is a guest handle; a null one asks for the size. */
export const xenDomctlHvmcontext = layout('struct xen_domctl_hvmcontext', 16, {
  size: u32(0),
  buffer: u64(8),
});

export const xenDomctlHvmcontextPartial = layout('struct xen_domctl_hvmcontext_partial', 24, {
  type: u32(0),
  instance: u32(4),
  bufsz: u64(8),
  buffer: u64(16),
});

export const xenDomctlPagingMempool = layout('struct xen_domctl_paging_mempool', 8, {
  size: u64(0),
});

export const XEN_DOMCTL_GETDOMSTATE_STATE_EXIST = 0x0001;
export const XEN_DOMCTL_GETDOMSTATE_STATE_SHUTDOWN = 0x0002;
export const XEN_DOMCTL_GETDOMSTATE_STATE_DYING = 0x0004;
export const XEN_DOMCTL_GETDOMSTATE_STATE_DEAD = 0x0008;

/** `pad0` must be 0. */
export const xenDomctlGetDomainState = layout('struct xen_domctl_get_domain_state', 16, {
  state: u16(0),
  caps: u16(2),
  pad0: u32(4),
  uniqueId: u64(8),
});
