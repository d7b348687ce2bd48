/** Scheduling and shutdown (sched.h, vcpu.h @ RELEASE-4.17.0; same in RELEASE-4.20.0). */

import { layout, u16, u32, u64 } from '../core/layout.ts';

export const SCHEDOP_yield = 0;
export const SCHEDOP_block = 1;
export const SCHEDOP_shutdown = 2;
export const SCHEDOP_poll = 3;
export const SCHEDOP_remote_shutdown = 4;
export const SCHEDOP_shutdown_code = 5;

export const SHUTDOWN_poweroff = 0;
export const SHUTDOWN_reboot = 1;
export const SHUTDOWN_suspend = 2;
export const SHUTDOWN_crash = 3;
export const SHUTDOWN_watchdog = 4;
export const SHUTDOWN_soft_reset = 5;
export const SHUTDOWN_MAX = 5;

export const schedShutdown = layout('struct sched_shutdown', 4, { reason: u32(0) });

/** Absolute `timeout` in nanoseconds of system time; 0 is none. */
export const schedPoll = layout('struct sched_poll', 24, {
  ports: u64(0),
  nrPorts: u32(8),
  timeout: u64(16),
});

export const schedRemoteShutdown = layout('struct sched_remote_shutdown', 8, {
  domainId: u16(0),
  reason: u32(4),
});
