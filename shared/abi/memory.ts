/** Memory of domains (memory.h @ RELEASE-4.17.0; the same in RELEASE-4.20.0). */

import { layout, u16, u32, u64 } from '../core/layout.ts';

export const XENMEM_increase_reservation = 0;
export const XENMEM_decrease_reservation = 1;
export const XENMEM_current_reservation = 3;
export const XENMEM_maximum_reservation = 4;
export const XENMEM_populate_physmap = 6;
export const XENMEM_add_to_physmap = 7;
export const XENMEM_memory_map = 9;
export const XENMEM_machine_memory_map = 10;
export const XENMEM_set_memory_map = 13;
export const XENMEM_maximum_gpfn = 14;
export const XENMEM_remove_from_physmap = 15;
export const XENMEM_claim_pages = 24;
export const XENMEM_acquire_resource = 28;

export const XENMEMF_populate_on_demand = 1 << 16;
export const XENMEMF_exact_node_request = 1 << 17;
export const XENMEMF_vnode = 1 << 18;

export const XENMAPSPACE_shared_info = 0;
export const XENMAPSPACE_grant_table = 1;
export const XENMAPSPACE_gmfn = 2;

export const XENMEM_resource_ioreq_server = 0;
export const XENMEM_resource_grant_table = 1;
export const XENMEM_resource_vmtrace_buf = 2;
export const XENMEM_resource_grant_table_id_shared = 0;
export const XENMEM_resource_grant_table_id_status = 1;

/** `extentStart` is a guest handle of u64 frame numbers, one an extent of 2^extentOrder pages. */
export const xenMemoryReservation = layout('struct xen_memory_reservation', 32, {
  extentStart: u64(0),
  nrExtents: u64(8),
  extentOrder: u32(16),
  memFlags: u32(20),
  domid: u16(24),
});

export const xenMemoryMap = layout('struct xen_memory_map', 16, {
  nrEntries: u32(0),
  buffer: u64(8),
});

export const xenForeignMemoryMap = layout('struct xen_foreign_memory_map', 24, {
  domid: u16(0),
  nrEntries: u32(8, 'map.nr_entries'),
  buffer: u64(16, 'map.buffer'),
});

export const xenAddToPhysmap = layout('struct xen_add_to_physmap', 24, {
  domid: u16(0),
  size: u16(2),
  space: u32(4),
  idx: u64(8),
  gpfn: u64(16),
});

export const xenRemoveFromPhysmap = layout('struct xen_remove_from_physmap', 16, {
  domid: u16(0),
  gpfn: u64(8),
});

export const xenMemAcquireResource = layout('struct xen_mem_acquire_resource', 32, {
  domid: u16(0),
  type: u16(2),
  id: u32(4),
  nrFrames: u32(8),
  pad: u32(12),
  frame: u64(16),
  frameList: u64(24),
});

/** An entry of a memory map, as BIOS's E820 call gives it: packed (xenctrl.h @ RELEASE-4.17.0). */
export const e820entry = layout('struct e820entry', 20, {
  addr: u64(0),
  size: u64(8),
  type: u32(16),
});

/** Most entries that XENMEM_set_memory_map takes. */
export const E820MAX = 128;
export const E820_RAM = 1;
export const E820_RESERVED = 2;
export const E820_ACPI = 3;
export const E820_NVS = 4;
export const E820_UNUSABLE = 5;
