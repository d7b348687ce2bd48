/**
 * What a PVH guest finds at its entry (arch-x86/hvm/start_info.h @ RELEASE-4.17.0; the same in
 * RELEASE-4.20.0).
 */

import { layout, u32, u64 } from '../core/layout.ts';

export const XEN_HVM_START_MAGIC_VALUE = 0x336ec578;

export const XEN_HVM_MEMMAP_TYPE_RAM = 1;
export const XEN_HVM_MEMMAP_TYPE_RESERVED = 2;
export const XEN_HVM_MEMMAP_TYPE_ACPI = 3;
export const XEN_HVM_MEMMAP_TYPE_NVS = 4;
export const XEN_HVM_MEMMAP_TYPE_UNUSABLE = 5;
export const XEN_HVM_MEMMAP_TYPE_DISABLED = 6;
export const XEN_HVM_MEMMAP_TYPE_PMEM = 7;

/** The fields from `memmapPaddr` on are there in version 1 and newer. */
export const hvmStartInfo = layout('struct hvm_start_info', 56, {
  magic: u32(0),
  version: u32(4),
  flags: u32(8),
  nrModules: u32(12),
  modlistPaddr: u64(16),
  cmdlinePaddr: u64(24),
  rsdpPaddr: u64(32),
  memmapPaddr: u64(40),
  memmapEntries: u32(48),
  reserved: u32(52),
});

export const hvmModlistEntry = layout('struct hvm_modlist_entry', 32, {
  paddr: u64(0),
  size: u64(8),
  cmdlinePaddr: u64(16),
  reserved: u64(24),
});

export const hvmMemmapTableEntry = layout('struct hvm_memmap_table_entry', 24, {
  addr: u64(0),
  size: u64(8),
  type: u32(16),
  reserved: u32(20),
});
