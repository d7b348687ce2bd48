/**
 * Port: what a toolstack asks of the hypervisor, one method for each operation used (domctl.h,
 * sysctl.h, memory.h, hvm/hvm_op.h, event_channel.h @ RELEASE-4.17.0 to RELEASE-4.22.0).
 *
 * All are synchronous hypercalls. Common errors: EPERM without privilege, ESRCH for no such domain,
 * EACCES when the hypervisor speaks another interface version than we do.
 */

import type { Domid, Port } from '../core/ids.ts';
import type { Result } from '../core/result.ts';

export interface XenVersion {
  readonly major: number;
  readonly minor: number;
  /** The rest of the version string: `.5-pre`. */
  readonly extra: string;
  /** What the hypervisor can run: `xen-3.0-x86_64 hvm-3.0-x86_32 ...`. */
  readonly capabilities: string;
  /** XEN_DOMCTL_INTERFACE_VERSION and XEN_SYSCTL_INTERFACE_VERSION as asked of the hypervisor. */
  readonly domctl: number;
  readonly sysctl: number;
}

export interface PhysInfo {
  readonly totalPages: number;
  readonly freePages: number;
  /** Freed, being scrubbed: free soon. */
  readonly scrubPages: number;
  /** Claimed but not allocated yet. */
  readonly outstandingPages: number;
  readonly cpus: number;
  readonly cpuKhz: number;
  readonly hvm: boolean;
  readonly hap: boolean;
}

export interface CreateDomain {
  /** Its number; one that Xen chooses if it is absent. EEXIST while another domain has it. */
  readonly domid?: Domid;
  readonly uuid: Uint8Array;
  readonly maxVcpus: number;
  /** Hardware assisted paging; false means shadow paging. */
  readonly hap: boolean;
  /** Highest event channel port the domain may have. */
  readonly maxEvtchnPort: number;
  readonly maxGrantFrames: number;
  readonly maxMaptrackFrames: number;
  /** A domain for xenstore: it may ask about all others. */
  readonly xenstore?: boolean;
}

/** sched.h SHUTDOWN_*. */
export type ShutdownReason =
  | 'poweroff'
  | 'reboot'
  | 'suspend'
  | 'crash'
  | 'watchdog'
  | 'soft_reset';

export interface DomainInfo {
  readonly domid: Domid;
  readonly uuid: Uint8Array;
  readonly dying: boolean;
  readonly paused: boolean;
  readonly blocked: boolean;
  readonly running: boolean;
  readonly hvm: boolean;
  readonly hap: boolean;
  readonly xsDomain: boolean;
  /** Set once the domain has shut down. */
  readonly shutdown?: ShutdownReason | { readonly code: number };
  readonly totalPages: number;
  readonly maxPages: number;
  readonly outstandingPages: number;
  readonly onlineVcpus: number;
  readonly maxVcpuId: number;
  readonly cpuTimeNs: bigint;
}

export interface MemoryRange {
  readonly start: number;
  readonly bytes: number;
  /** E820: 1 RAM, 2 reserved, 3 ACPI, 4 NVS. */
  readonly type: 1 | 2 | 3 | 4;
}

export interface DomainControl {
  version(): Result<XenVersion>;
  physInfo(): Result<PhysInfo>;
  /**
   * Creates a PVH domain (an HVM container with a local APIC and nothing else), paused and empty.
   */
  createDomain(config: CreateDomain): Result<Domid>;
  /** Gives the domain another uuid. */
  setUuid(domid: Domid, uuid: Uint8Array): Result<void>;
  /** Tears the domain down; returns when its memory is freed. */
  destroyDomain(domid: Domid): Result<void>;
  pause(domid: Domid): Result<void>;
  unpause(domid: Domid): Result<void>;
  maxVcpus(domid: Domid, count: number): Result<void>;
  /** Limit on the domain's memory, in KiB. */
  setMaxMem(domid: Domid, kib: number): Result<void>;
  /** Memory for the domain's own paging structures, in bytes, a multiple of the page size. */
  setPagingMempool(domid: Domid, bytes: number): Result<void>;
  getInfo(domid: Domid): Result<DomainInfo>;
  /** What no other domain of this host has, nor had since it started. ENOSYS before Xen 4.21. */
  uniqueId(domid: Domid): Result<bigint>;
  /** All domains from `first` on, at most `max`. */
  listInfo(first: number, max: number): Result<readonly DomainInfo[]>;
  /**
   * Gives the domain extents of 2^order pages, each at a gfn of `gfns` (each aligned to its size).
   * The value is the number of leading extents done: fewer than asked means out of memory (or of
   * memory in pieces that large); call again with a smaller order for the rest.
   */
  populatePhysmap(domid: Domid, gfns: readonly number[], order: number): Result<number>;
  /** The E820 that the guest can ask for. */
  setMemoryMap(domid: Domid, map: readonly MemoryRange[]): Result<void>;
  setHvmParam(domid: Domid, index: number, value: bigint): Result<void>;
  getHvmParam(domid: Domid, index: number): Result<bigint>;
  /** The domain's HVM records (hvm/save.h), as a stream ended by HVM_SAVE_CODE(END). */
  getHvmContext(domid: Domid): Result<Uint8Array>;
  setHvmContext(domid: Domid, records: Uint8Array): Result<void>;
  /** A port of `domid` that `remote` may bind to. */
  allocUnbound(domid: Domid, remote: Domid): Result<Port>;
  /**
   * A global VIRQ goes to that domain from now on, instead of to dom0. From Xen 4.21 on EBUSY while
   * the one that it goes to has it bound.
   */
  setVirqHandler(domid: Domid, virq: number): Result<void>;
}
