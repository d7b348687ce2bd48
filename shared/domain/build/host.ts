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
}
