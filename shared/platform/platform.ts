/** All ports of one domain, as a composition root hands them out. */

import type { Clock } from './clock.ts';
import type { Console } from './console.ts';
import type { DomainControl } from './domain-control.ts';
import type { Events } from './events.ts';
import type { Grants } from './grants.ts';
import type { Memory } from './memory.ts';

export interface Platform {
  readonly events: Events;
  readonly grants: Grants;
  readonly memory: Memory;
  readonly domainControl: DomainControl;
  readonly clock: Clock;
  readonly console: Console;
}
