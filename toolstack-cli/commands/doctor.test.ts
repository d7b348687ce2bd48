/** What doctor says of hosts in every state. */

import { expect, test } from 'vitest';
import { fail, ok } from '../../shared/core/result.ts';
import { runXtl } from '../testing/bundled.ts';
import type { Probes } from './doctor-checks.ts';

const VERSION = {
  major: 4,
  minor: 17,
  extra: '.5',
  capabilities: 'hvm-3.0-x86_64',
  domctl: 0x15,
  sysctl: 0x15,
};

const MACHINE = {
  totalPages: 1 << 20,
  freePages: 1 << 19,
  scrubPages: 0,
  outstandingPages: 0,
  cpus: 4,
  cpuKhz: 2e6,
  hvm: true,
  hap: true,
};

const healthy: Probes = {
  hypervisorType: () => 'xen',
  capabilities: () => 'control_d',
  userId: () => 0,
  device: () => 'ok',
  kernelModule: () => true,
  process: () => true,
  xenVersion: () => ok(VERSION),
  physInfo: () => ok(MACHINE),
  xenstore: async () => ok(),
  close: () => {},
};

test('a host in order exits 0 with nothing but ok', async () => {
  const { exit, stdout, stderr } = await runXtl(['doctor'], { probes: healthy });
  expect(stdout).toMatch(/^(ok {4}.*\n)+$/);
  expect(stdout).toContain('ok    hypervisor: Xen 4.17.5, domctl version 0x15\n');
  expect([exit, stderr]).toEqual([0, '']);
});

const ill: [string, Partial<Probes>, number, string][] = [
  ['no Xen', { hypervisorType: () => undefined }, 5, 'fail  Xen: this kernel does not run on Xen'],
  ['a guest', { capabilities: () => '' }, 5, 'fail  Xen: this is a guest'],
  ['no xenfs', { capabilities: () => undefined }, 5, '-> mount -t xenfs xenfs /proc/xen'],
  ['a user', { userId: () => 1000 }, 5, 'fail  privilege: user 1000 is not root'],
  ['no device', { device: () => 'missing' }, 5, '-> modprobe xen-gntdev'],
  ['a closed device', { device: () => 'denied' }, 5, 'fail  /dev/xen/privcmd: cannot be opened'],
  [
    'an unknown Xen',
    { xenVersion: () => ok({ ...VERSION, minor: 99 }) },
    0,
    'warn  hypervisor: Xen 4.99.5',
  ],
  ['no answer', { xenVersion: () => fail('EACCES', 'denied') }, 5, 'fail  hypervisor: denied'],
  [
    'no virtualisation',
    { physInfo: () => ok({ ...MACHINE, hvm: false }) },
    5,
    'fail  virtualisation: the processor offers none',
  ],
  [
    'shadow paging',
    { physInfo: () => ok({ ...MACHINE, hap: false }) },
    0,
    'warn  virtualisation: without nested paging',
  ],
  [
    'little memory',
    { physInfo: () => ok({ ...MACHINE, freePages: 256 }) },
    0,
    'warn  memory: 1 MiB of 4096 MiB are free',
  ],
  [
    'no xenstored',
    { xenstore: async () => fail('ECONNREFUSED', 'nobody answers') },
    5,
    'fail  xenstored: nobody answers',
  ],
  ['no xenconsoled', { process: () => false }, 0, 'warn  xenconsoled: does not run'],
  ['no back ends', { kernelModule: () => false }, 0, '-> modprobe xen-netback'],
];

test.each(ill)('with %s it says what to do', async (_, change, exit, text) => {
  const ran = await runXtl(['doctor'], { probes: { ...healthy, ...change } });
  expect(ran.stdout).toContain(text);
  expect(ran.exit).toBe(exit);
  expect(ran.stderr === '').toBe(exit === 0);
});

test('as data it is a list of checks', async () => {
  const { stdout } = await runXtl(['doctor', '-o', 'json'], { probes: healthy });
  expect(JSON.parse(stdout)[0]).toEqual({
    name: 'Xen',
    status: 'ok',
    found: 'this is the control domain',
  });
});
