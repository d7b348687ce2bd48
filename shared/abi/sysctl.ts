/**
 * System control (sysctl.h @ RELEASE-4.17.0, RELEASE-4.20.0, RELEASE-4.21.0, RELEASE-4.22.0).
 * Interface version 0x15 is 4.17 to 4.20, 0x16 is 4.21 and 4.22: what is here is the same in both.
 */

import { bytes, layout, u8, u16, u32, u64 } from '../core/layout.ts';

/** The versions whose layouts are those of this file, newest first, and their newest Xen. */
export const SYSCTL_INTERFACES = [
  { version: 0x16, xen: '4.22' },
  { version: 0x15, xen: '4.20' },
] as const;

export type SysctlInterface = (typeof SYSCTL_INTERFACES)[number];

export const XEN_SYSCTL_readconsole = 1;
export const XEN_SYSCTL_physinfo = 3;
export const XEN_SYSCTL_getdomaininfolist = 6;

export const XEN_SYSCTL_PHYSCAP_hvm = 1 << 0;
export const XEN_SYSCTL_PHYSCAP_pv = 1 << 1;
export const XEN_SYSCTL_PHYSCAP_directio = 1 << 2;
export const XEN_SYSCTL_PHYSCAP_hap = 1 << 3;
export const XEN_SYSCTL_PHYSCAP_shadow = 1 << 4;
export const XEN_SYSCTL_PHYSCAP_gnttab_v1 = 1 << 8;
export const XEN_SYSCTL_PHYSCAP_gnttab_v2 = 1 << 9;

export const xenSysctl = layout('struct xen_sysctl', 136, {
  cmd: u32(0),
  interfaceVersion: u32(4),
  u: bytes(8, 128),
});

export const xenSysctlReadconsole = layout('struct xen_sysctl_readconsole', 24, {
  clear: u8(0),
  incremental: u8(1),
  index: u32(4),
  buffer: u64(8),
  count: u32(16),
});

export const xenSysctlPhysinfo = layout('struct xen_sysctl_physinfo', 112, {
  threadsPerCore: u32(0),
  coresPerSocket: u32(4),
  nrCpus: u32(8),
  maxCpuId: u32(12),
  nrNodes: u32(16),
  maxNodeId: u32(20),
  cpuKhz: u32(24),
  capabilities: u32(28),
  archCapabilities: u32(32),
  totalPages: u64(40),
  freePages: u64(48),
  scrubPages: u64(56),
  outstandingPages: u64(64),
  maxMfn: u64(72),
  hwCap: bytes(80, 32),
});

/** Fills `buffer` with `struct xen_domctl_getdomaininfo` of the domains from `firstDomain` on. */
export const xenSysctlGetdomaininfolist = layout('struct xen_sysctl_getdomaininfolist', 24, {
  firstDomain: u16(0),
  maxDomains: u32(4),
  buffer: u64(8),
  numDomains: u32(16),
});
