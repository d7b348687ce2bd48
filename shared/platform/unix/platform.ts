/** The platform of a process in dom0. */

import { accessSync, constants } from 'node:fs';
import { fail, ok, type Result } from '../../core/result.ts';
import { domainControl } from '../control/domain-control.ts';
import type { Platform } from '../platform.ts';
import { clock } from './clock.ts';
import { stderrConsole } from './console.ts';
import { events } from './events.ts';
import { grants } from './grants.ts';
import { openHypercalls } from './hypercall.ts';
import { memory, type UnixMemory } from './memory.ts';

export interface UnixPlatform extends Platform {
  readonly memory: UnixMemory;
  /** Unmaps, revokes and closes all that is still open. Nothing of it may be used after. */
  close(): void;
}

/** libxencall's device, and its name under Linux before 3.3. */
const DEVICES: readonly string[] = ['/dev/xen/privcmd', '/proc/xen/privcmd'];

/** Whether there is a Xen to talk to, asked before any library is loaded. */
export function checkDevice(devices = DEVICES): Result<void> {
  let denied: string | undefined;
  for (const device of devices) {
    try {
      accessSync(device, constants.R_OK | constants.W_OK);
      return ok();
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM') denied ??= device;
    }
  }
  if (denied !== undefined) return fail('EACCES', `no permission to open ${denied} (not root?)`);
  return fail('ENOENT', `no Xen on this machine: there is no ${devices[0]}`);
}

/**
 * Opens the hypercall device; the devices of events, grants and foreign memory follow when they are
 * first used. ENOENT without Xen or without its libraries, EACCES without privilege.
 */
export function openUnix(): Result<UnixPlatform> {
  const there = checkDevice();
  if (!there.ok) return there;
  const hypercalls = openHypercalls();
  if (!hypercalls.ok) return hypercalls;
  const memoryPort = memory();
  const eventsPort = events();
  const grantsPort = grants(memoryPort.addressOf);
  return ok({
    events: eventsPort,
    grants: grantsPort,
    memory: memoryPort,
    domainControl: domainControl(hypercalls.value),
    clock,
    console: stderrConsole,
    close: () => {
      eventsPort.closeAll();
      grantsPort.closeAll();
      memoryPort.closeAll();
      hypercalls.value.close();
    },
  });
}
