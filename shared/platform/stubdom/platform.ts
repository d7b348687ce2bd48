/** The platform of a stub domain: the ports over the kernel that it is linked with. */

import { must } from '../../core/result.ts';
import { domainControl } from '../control/domain-control.ts';
import type { Platform } from '../platform.ts';
import { clock } from './clock.ts';
import { events, type StubdomEvents } from './events.ts';
import { grants } from './grants.ts';
import { hypercalls } from './hypercalls.ts';
import { type Kernel, thisKernel } from './kernel.ts';
import { memory, type StubdomMemory } from './memory.ts';
import { requirePrivileges } from './privileges.ts';
import { Timers } from './timers.ts';

export interface StubdomPlatform extends Platform {
  readonly kernel: Kernel;
  readonly events: StubdomEvents;
  readonly memory: StubdomMemory;
}

/**
 * The one platform of this domain. The domain ends when nobody waits for an event or a time any
 * more: then it has powered off.
 */
export function openStubdom(kernel: Kernel = thisKernel()): StubdomPlatform {
  const timers = new Timers();
  const eventsPort = events(kernel);
  const memoryPort = memory(kernel);
  kernel.loop((count) => {
    eventsPort.deliver(count);
    // Reading the clock may cost an exit to the hypervisor.
    if (timers.earliest < Number.POSITIVE_INFINITY) timers.run(kernel.now());
    return timers.earliest < Number.POSITIVE_INFINITY || eventsPort.isAwaited()
      ? timers.earliest
      : -1;
  });
  const platform: StubdomPlatform = {
    kernel,
    events: eventsPort,
    grants: grants(kernel, memoryPort.addressOf),
    memory: memoryPort,
    domainControl: domainControl(must(hypercalls(kernel))),
    clock: clock(kernel, timers),
    console: { line: (text) => kernel.print(text) },
  };
  requirePrivileges(kernel, platform);
  return platform;
}
