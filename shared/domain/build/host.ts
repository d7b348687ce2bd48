/** What building and destroying domains needs of the world. */

import type { Result } from '../../core/result.ts';
import type { Clock } from '../../platform/clock.ts';
import type { DomainControl } from '../../platform/domain-control.ts';
import type { Memory } from '../../platform/memory.ts';
import type { XenstoreClient } from '../../xenstore/client.ts';
import type { KernelImage } from '../image/elf.ts';

export interface BuildHost {
  readonly domainControl: DomainControl;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly xenstore: XenstoreClient;
}

/** Where kernels and ramdisks come from. Failures name the path. */
export interface ImageFiles {
  /** Reads and unpacks a kernel; a kernel that did not change since may come from a cache. */
  kernel(path: string): Promise<Result<KernelImage>>;
  ramdisk(path: string): Promise<Result<Uint8Array>>;
}
