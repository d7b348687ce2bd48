/** How a service ends its domain. */

import { SHUTDOWN_crash, SHUTDOWN_poweroff, SHUTDOWN_reboot } from '../../abi/sched.ts';
import type { Kernel } from './kernel.ts';

const REASONS = {
  poweroff: SHUTDOWN_poweroff,
  reboot: SHUTDOWN_reboot,
  crash: SHUTDOWN_crash,
} as const;

/** Ends the domain at once. */
export function shutdown(kernel: Kernel, reason: keyof typeof REASONS): never {
  return kernel.shutdown(REASONS[reason]);
}
