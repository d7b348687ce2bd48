/** What building and destroying domains needs of the world. */

import type { Clock } from '../../platform/clock.ts';
import type { DomainControl } from '../../platform/domain-control.ts';
import type { Memory } from '../../platform/memory.ts';
import type { XenstoreClient } from '../../xenstore/client.ts';
import type { Builders } from './builder.ts';

export interface BuildHost {
  readonly domainControl: DomainControl;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly xenstore: XenstoreClient;
  readonly builders: Builders;
}
