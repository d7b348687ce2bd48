/** What doctor finds on a host in order. */

import { ok } from '../../shared/core/result.ts';
import type { Probes } from '../commands/doctor-checks.ts';

export const VERSION = {
  major: 4,
  minor: 17,
  extra: '.5',
  capabilities: 'hvm-3.0-x86_64',
  domctl: 0x15,
  sysctl: 0x15,
};

export const MACHINE = {
  totalPages: 1 << 20,
  freePages: 1 << 19,
  scrubPages: 0,
  outstandingPages: 0,
  cpus: 4,
  cpuKhz: 2e6,
  hvm: true,
  hap: true,
};

export const healthy: Probes = {
  hypervisorType: () => 'xen',
  capabilities: () => 'control_d',
  userId: () => 0,
  device: () => 'ok',
  kernelModule: () => true,
  process: () => true,
  xenVersion: () => ok(VERSION),
  physInfo: () => ok(MACHINE),
  storeDomain: () => undefined,
  xenstore: async () => ok({ ours: true, forgotten: [] }),
  consolesAreOlder: () => false,
  kernelLostWatches: () => false,
  close: () => {},
};
