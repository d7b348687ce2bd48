/** What doctor says of xenstores of every kind, in every state. */

import { expect, test } from 'vitest';
import { domid } from '../../shared/core/ids.ts';
import { fail, must, ok } from '../../shared/core/result.ts';
import { simMachine } from '../testing/sim-host.ts';
import { type StoreProbes, storeChecks } from './doctor-store.ts';
import { isOurs } from './store-kind.ts';

const machine = await simMachine();
const guest = must(machine.sim.dom0.domainControl.getInfo(machine.sim.addGuest()));
const domain = { ...guest, domid: domid(1), xsDomain: true, paused: false };

const well: StoreProbes = {
  process: (name) => name !== 'oxenstored',
  storeDomain: () => undefined,
  xenstore: async () => ok({ ours: true, forgotten: [] }),
  consolesAreOlder: () => false,
  kernelLostWatches: () => false,
};

const theirs: Partial<StoreProbes> = { xenstore: async () => ok({ ours: false, forgotten: [] }) };
const silent: Partial<StoreProbes> = { xenstore: async () => fail('ETIMEDOUT', 'no answer') };

const said = async (change: Partial<StoreProbes>): Promise<string[]> =>
  (await storeChecks({ ...well, ...change })).map(
    ({ name, status, found, advice }) => `${status} ${name}: ${found} -> ${advice ?? ''}`,
  );

const kinds: [string, Partial<StoreProbes>][] = [
  ["xtl's, a process of domain 0,", {}],
  ["Xen's own in C, a process of domain 0,", theirs],
  ["Xen's own in OCaml, a process of domain 0,", { ...theirs, process: () => true }],
  ["xtl's, in domain 1,", { storeDomain: () => domain }],
  ["Xen's own on Mini-OS, in domain 1,", { ...theirs, storeDomain: () => domain }],
];

test.each(kinds)('%s answers', async (which, change) => {
  expect(await said(change)).toEqual([
    `ok xenstored: ${which} answers -> `,
    'ok xenconsoled: runs -> ',
  ]);
});

const SERVES = 'domain 1, which serves xenstore,';

const faults: [string, Partial<StoreProbes>, string, RegExp][] = [
  ['no process that answers', silent, 'fail xenstored: no answer', /^xtl xenstored restart$/],
  [
    'a domain that is silent',
    { ...silent, storeDomain: () => domain },
    `fail xenstored: ${SERVES} does not answer`,
    /^boot the host: .*guest-Xenstore\.log$/,
  ],
  [
    'a domain that is paused',
    { ...silent, storeDomain: () => ({ ...domain, paused: true }) },
    `fail xenstored: ${SERVES} is paused`,
    /^xtl xenstored restart$/,
  ],
  [
    'a domain that has crashed',
    { ...silent, storeDomain: () => ({ ...domain, shutdown: 'crash' }) },
    `fail xenstored: ${SERVES} has ended`,
    /^boot the host: /,
  ],
  [
    'forgotten domains',
    { xenstore: async () => ok({ ours: true, forgotten: [0, 3] }) },
    'warn domains: xenstored was started anew and has forgotten domains 0, 3',
    /^xtl xenstored restart$/,
  ],
  [
    'a xenconsoled of an earlier xenstored',
    { consolesAreOlder: () => true },
    'warn xenconsoled: hears only of a xenstored that is gone: ' +
      'new VMs have no console, and wait for it',
    /^xtl xenstored restart$/,
  ],
  [
    'a kernel that lost its watches',
    { kernelLostWatches: () => true },
    'warn kernel of domain 0: lost its watches when xenstored was started anew: ' +
      'new disks and interfaces fail',
    /^boot the host/,
  ],
];

test.each(faults)('%s is told, with what helps', async (_, change, found, advice) => {
  const lines = await said(change);
  const line = lines.find((each) => each.startsWith(`${found} -> `));
  expect(line, lines.join('\n')).toBeDefined();
  expect(line?.slice(found.length + 4)).toMatch(advice);
});

test('our store says that it is ours', async () => {
  expect(await machine.sim.run(isOurs(machine.xenstore))).toBe(true);
  const others = { ...machine.xenstore, control: async () => ok('live-update\t[-c]\n') };
  expect(await isOurs(others)).toBe(false);
});
