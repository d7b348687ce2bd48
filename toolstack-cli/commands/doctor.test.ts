/** What doctor says of hosts in every state. */

import { expect, test } from 'vitest';
import { fail, ok } from '../../shared/core/result.ts';
import { runXtl } from '../testing/bundled.ts';
import { healthy, MACHINE, VERSION } from '../testing/probes.ts';
import type { Probes } from './doctor-checks.ts';

test('a host in order exits 0 with nothing but ok', async () => {
  const { exit, stdout, stderr } = await runXtl(['doctor'], { probes: healthy });
  expect(stdout).toMatch(/^(ok {4}.*\n)+$/);
  const known = '(known up to 0x18 and 0x16, of Xen 4.22)';
  expect(stdout).toContain(`ok    hypervisor: Xen 4.17.5, domctl 0x15 and sysctl 0x15 ${known}\n`);
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
    '-> this xtl is made for Xen 4.17 to 4.22\n',
  ],
  [
    'an unknown interface',
    { xenVersion: () => fail('EACCES', 'Xen 4.99 has a domctl interface that is unknown here') },
    5,
    'unknown here\n      -> this xtl is made for Xen 4.17 to 4.22: a newer xtl may know it\n',
  ],
  ['no answer', { xenVersion: () => fail('EIO', 'denied') }, 5, 'fail  hypervisor: denied'],
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

test.each([
  [17, 0x15, 0x15],
  [18, 0x16, 0x15],
  [19, 0x17, 0x15],
  [20, 0x17, 0x15],
  [21, 0x17, 0x16],
  [22, 0x18, 0x16],
])('Xen 4.%i is known', async (minor, domctl, sysctl) => {
  const xenVersion = () => ok({ ...VERSION, minor, domctl, sysctl });
  const { stdout } = await runXtl(['doctor'], { probes: { ...healthy, xenVersion } });
  const spoken = `domctl 0x${domctl.toString(16)} and sysctl 0x${sysctl.toString(16)}`;
  expect(stdout).toContain(`ok    hypervisor: Xen 4.${minor}.5, ${spoken} (`);
});

test('as data it is a list of checks', async () => {
  const { stdout } = await runXtl(['doctor', '-o', 'json'], { probes: healthy });
  expect(JSON.parse(stdout)[0]).toEqual({
    name: 'Xen',
    status: 'ok',
    found: 'this is the control domain',
  });
});
