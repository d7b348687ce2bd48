/**
 * All that a PVH domain is made of before it runs, as data for the builder (libxl_dom.c @
 * RELEASE-4.17.0).
 */

import * as param from '../../abi/hvm-params.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { MemoryRange } from '../../platform/domain-control.ts';
import { PAGE_SIZE } from '../../platform/region.ts';
import { acpiTables } from './acpi.ts';
import type { KernelImage } from './elf.ts';
import {
  ACPI_PADDR,
  type Extents,
  extentsOf,
  memoryMapOf,
  pageUp,
  ramOf,
  SPECIAL_GFN,
  SPECIAL_POPULATED,
} from './memory-layout.ts';
import { place } from './placement.ts';
import { kernelWrites, specialWrites, type Write } from './writes.ts';

export interface DomainParts {
  readonly kernel: KernelImage;
  /** As it is in its file, since the guest unpacks it. Absent or empty: none. */
  readonly ramdisk?: Uint8Array;
  /** Each character is a byte. */
  readonly cmdline: string;
  /** What the guest gets, once for all: there is no populating on demand. */
  readonly memoryKib: number;
  readonly vcpus: number;
  readonly maxVcpus: number;
  /** Hardware assisted paging; true if absent. */
  readonly hap?: boolean;
}

export interface DomainImage {
  /** Largest first; disjoint. Where memory has no extent so large, split it. */
  readonly extents: readonly Extents[];
  /**
   * Ascending and disjoint, all in populated memory. Zeros are spelt out: pages that a live domain
   * gave back (a dom0 that balloons) reach the next domain with their old contents.
   */
  readonly writes: readonly Write[];
  /** Where among the writes the ramdisk is: page aligned. */
  readonly ramdisk?: { readonly paddr: number; readonly size: number };
  /** For the hypervisor; the start info has the same. */
  readonly memoryMap: readonly MemoryRange[];
  /** All but the two event channels, whose ports the builder allocates. */
  readonly hvmParams: readonly (readonly [index: number, value: bigint])[];
  readonly consoleGfn: number;
  readonly xenstoreGfn: number;
  /** For entryContext. */
  readonly entry: number;
  readonly startInfoPaddr: number;
  readonly maxVcpus: number;
  /** Limit for the hypervisor: RAM and what comes on top of it. */
  readonly maxMemKib: number;
  readonly pagingMempoolBytes: number;
}

/** hvm_info_table.h @ RELEASE-4.17.0. Their APIC ids just fit into 8 bits. */
export const HVM_MAX_VCPUS = 128;

/** Kconfig of Xen @ RELEASE-4.17.0: what a hypervisor without BIGMEM can address. */
const MEMORY_MAX_KIB = 16 * 2 ** 30;

/** Our bound. Linux takes 2047 bytes (COMMAND_LINE_SIZE) and cuts off the rest. */
const CMDLINE_MAX_BYTES = 65535;

/** libxl_internal.h @ RELEASE-4.17.0, LIBXL_MAXMEM_CONSTANT: room for special and ACPI pages. */
const MAXMEM_SLACK_KIB = 1024;

/** The last 64 bytes below 1 MiB, where kernels search on 16-byte boundaries (libxl_x86_acpi.c). */
const LOW_RSDP_PADDR = 0x100000 - 64;

/**
 * Lays out a domain. EINVAL for arguments out of range, ENOMEM when kernel or ramdisk do not fit
 * into its memory; the words name the thing and the amounts.
 */
export function layoutDomain(parts: DomainParts): Result<DomainImage> {
  const checked = check(parts);
  if (!checked.ok) return checked;
  const { kernel, maxVcpus } = parts;
  const ram = ramOf(parts.memoryKib);
  const acpi = placeAcpi(parts, ram.lowEnd);
  const memoryMap = memoryMapOf(ram, acpi.bytes, acpi.lowPage);
  const { rsdpPaddr } = acpi;
  const placed = place({ ...parts, lowEnd: ram.lowEnd, memoryMap, rsdpPaddr });
  if (!placed.ok) return placed;
  const { startInfo, ramdisk } = placed.value;
  const writes = [
    ...kernelWrites(kernel),
    startInfo,
    ...(ramdisk === undefined ? [] : [ramdisk]),
    ...acpi.writes,
    ...specialWrites(),
  ];
  return ok({
    extents: extentsOf(ram, [...pagesOf(ACPI_PADDR, acpi.bytes), ...SPECIAL_POPULATED]),
    writes: writes.sort((a, b) => a.paddr - b.paddr),
    ...(ramdisk && { ramdisk: { paddr: ramdisk.paddr, size: ramdisk.bytes.length } }),
    memoryMap,
    hvmParams: hvmParams(),
    consoleGfn: SPECIAL_GFN.console,
    xenstoreGfn: SPECIAL_GFN.xenstore,
    entry: kernel.entry,
    startInfoPaddr: startInfo.paddr,
    maxVcpus,
    maxMemKib: parts.memoryKib + MAXMEM_SLACK_KIB,
    pagingMempoolBytes: pagingMempoolBytes(parts),
  });
}

function check({ vcpus, maxVcpus, memoryKib, cmdline }: DomainParts): Result<void> {
  if (!Number.isInteger(maxVcpus) || maxVcpus < 1 || maxVcpus > HVM_MAX_VCPUS) {
    return fail('EINVAL', `a PVH guest has 1 to ${HVM_MAX_VCPUS} vCPUs, not ${maxVcpus}`);
  }
  if (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > maxVcpus) {
    return fail('EINVAL', `${vcpus} vCPUs online out of ${maxVcpus}`);
  }
  if (!Number.isInteger(memoryKib) || memoryKib < 4 || memoryKib > MEMORY_MAX_KIB) {
    const [most, has] = [MEMORY_MAX_KIB / 1024, Math.round(memoryKib / 1024)];
    return fail('EINVAL', `memory is ${has} MiB, and a guest may have 1 to ${most} MiB`);
  }
  if (cmdline.length > CMDLINE_MAX_BYTES) {
    const has = `has ${cmdline.length} bytes`;
    return fail('EINVAL', `the command line ${has}, and may have at most ${CMDLINE_MAX_BYTES}`);
  }
  if (cmdline.includes('\0')) return fail('EINVAL', 'a command line with a NUL character');
  return ok();
}

interface PlacedAcpi {
  readonly writes: readonly Write[];
  /** From ACPI_PADDR on. */
  readonly bytes: number;
  readonly rsdpPaddr: number;
  /** The page below 1 MiB that holds the RSDP, if it is there. */
  readonly lowPage?: number;
}

/**
 * The RSDP goes behind the tables; for an old Linux below 1 MiB, unless that belongs to the kernel.
 */
function placeAcpi({ kernel, vcpus, maxVcpus }: DomainParts, lowEnd: number): PlacedAcpi {
  const { tables, rsdp } = acpiTables(ACPI_PADDR, vcpus, maxVcpus);
  const lowPage = Math.floor(LOW_RSDP_PADDR / PAGE_SIZE) * PAGE_SIZE;
  const inUse = kernel.segments.some(
    (s) => s.paddr < lowPage + PAGE_SIZE && s.paddr + s.memSize > lowPage,
  );
  const low = !kernel.rsdpAnywhere && !inUse && lowPage + PAGE_SIZE <= lowEnd;
  const rsdpPaddr = low ? LOW_RSDP_PADDR : ACPI_PADDR + tables.length;
  return {
    writes: [
      { paddr: ACPI_PADDR, bytes: tables },
      { paddr: rsdpPaddr, bytes: rsdp },
    ],
    bytes: tables.length + (low ? 0 : rsdp.length),
    rsdpPaddr,
    ...(low && { lowPage }),
  };
}

/** The frames of the pages that begin at `paddr`. */
function pagesOf(paddr: number, bytes: number): number[] {
  return Array.from({ length: pageUp(bytes) / PAGE_SIZE }, (_, i) => paddr / PAGE_SIZE + i);
}

/**
 * As libxl and libxc set them for PVH. Not HVM_PARAM_VM86_TSS_SIZED, as there: it is for real mode
 * on VMX without "unrestricted guest", where Xen emulates instead when there is no such TSS.
 */
function hvmParams(): [number, bigint][] {
  return [
    [param.HVM_PARAM_STORE_PFN, BigInt(SPECIAL_GFN.xenstore)],
    [param.HVM_PARAM_CONSOLE_PFN, BigInt(SPECIAL_GFN.console)],
    [param.HVM_PARAM_PAGING_RING_PFN, BigInt(SPECIAL_GFN.pagingRing)],
    [param.HVM_PARAM_MONITOR_RING_PFN, BigInt(SPECIAL_GFN.monitorRing)],
    [param.HVM_PARAM_SHARING_RING_PFN, BigInt(SPECIAL_GFN.sharingRing)],
    [param.HVM_PARAM_IDENT_PT, BigInt(SPECIAL_GFN.identPt * PAGE_SIZE)],
    [param.HVM_PARAM_TIMER_MODE, BigInt(param.HVMPTM_no_delay_for_missed_ticks)],
  ];
}

/**
 * libxl_create.c @ RELEASE-4.17.0, libxl__get_required_paging_memory: 256 pages a vCPU, and a page
 * a MiB for the map of its memory; as much again for shadow page tables.
 */
function pagingMempoolBytes(parts: DomainParts): number {
  const mebibytes = Math.floor(parts.memoryKib / 1024);
  const maps = parts.hap === false ? 2 : 1;
  return PAGE_SIZE * (256 * parts.maxVcpus + maps * mebibytes);
}
