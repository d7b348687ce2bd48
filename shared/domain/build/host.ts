/** What building and destroying domains needs of the world. */

import type { Result } from '../../core/result.ts';
import type { Clock } from '../../platform/clock.ts';
import type { DomainControl } from '../../platform/domain-control.ts';
import type { Files } from '../../platform/files.ts';
import type { Memory } from '../../platform/memory.ts';
import type { RunScript } from '../../platform/scripts.ts';
import type { XenstoreClient } from '../../xenstore/client.ts';
import type { Builders } from './builder.ts';
import type { DeviceKind } from './device-nodes.ts';

/** What the kernel's own back end of disks would make of one. */
export interface KernelDisk {
  /** Its bus has the device: it ignores one that was not new when it was first seen. */
  readonly isSeen: boolean;
  /** What it takes of a frontend at most; undefined: it is not loaded. */
  readonly limits: { readonly queues: number; readonly ringOrder: number } | undefined;
  /** Numbers of what lies at the target's path; undefined: that is no block device. */
  readonly own: string | undefined;
  /** The block device; undefined: there is none, the image is a file. */
  readonly block: KernelBlock | undefined;
}

export interface KernelBlock {
  /** Major and minor, as the block script writes them: `fd:3`. */
  readonly numbers: string;
  readonly sectorBytes: number;
  readonly canFlush: boolean;
  readonly canDiscard: boolean;
}

/** Enough for a domain that is nobody's business yet. */
export interface DomainHost {
  readonly domainControl: DomainControl;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly builders: Builders;
}

export interface BuildHost extends DomainHost {
  readonly xenstore: XenstoreClient;
  readonly files: Files;
  /**
   * Locks a file that other programs lock, too (flock); EBUSY: one of them has. Where there are no
   * others, absent.
   */
  lockFile?(path: string): Promise<Result<{ release(): void }>>;
  /** Makes sure that somebody serves devices of dom0; where they are always served, absent. */
  serve?(kind: DeviceKind): Promise<Result<void>>;
  /** Runs a script that connects a device of dom0's; absent: nobody is to. */
  readonly runScript?: RunScript;
  /**
   * The device of the kernel's bus of that name (`vbd-5-51712`), and the block device of those
   * numbers, or at that path; where there is no such kernel, absent.
   */
  kernelDisk?(device: string, target: string, numbers?: string): Promise<Result<KernelDisk>>;
}
