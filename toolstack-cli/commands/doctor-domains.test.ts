/** Creates that were killed with -9 at any step, and what becomes of their domains. */

import { expect, test } from 'vitest';
import { domid } from '../../shared/core/ids.ts';
import { fail, must, ok } from '../../shared/core/result.ts';
import { fakeTerminal, simMachine } from '../testing/bundled.ts';
import type { Machine } from '../testing/sim-host.ts';
import type { FakeTerminal } from '../testing/terminal.ts';
import type { Probes } from './doctor-checks.ts';

const PROBES: Probes = {
  hypervisorType: () => 'xen',
  capabilities: () => 'control_d',
  userId: () => 0,
  device: () => 'ok',
  kernelModule: () => true,
  process: () => true,
  xenVersion: () =>
    ok({ major: 4, minor: 17, extra: '', capabilities: '', domctl: 0x15, sysctl: 0x15 }),
  physInfo: () =>
    ok({
      ...{ totalPages: 1 << 20, freePages: 1 << 19, scrubPages: 0, outstandingPages: 0 },
      ...{ cpus: 4, cpuKhz: 2e6, hvm: true, hap: true },
    }),
  xenstore: async () => ok(),
  close: () => {},
};

const doctor = (machine: Machine, words = '') => machine.xtl(`doctor${words}`, { probes: PROBES });

/** A create that gets no further than to where this step would begin. */
async function stoppedAt(machine: Machine, step: number): Promise<void> {
  const terminal: FakeTerminal = fakeTerminal();
  const write: FakeTerminal['err']['write'] = (data) => {
    if (String(data).includes(`: ${step}/13 `)) throw new Error('stopped');
  };
  const dying = { ...terminal, err: { ...terminal.err, write } };
  const created = machine.xtl('vm create vm.cfg', { terminal: dying });
  await expect(created).rejects.toThrow('stopped');
}

async function killedAt(machine: Machine, step: number): Promise<void> {
  await stoppedAt(machine, step);
  machine.killCommand();
}

const STAGES: [step: number, found: string][] = [
  [3, 'before it got its memory'],
  [4, 'before it got its memory'],
  [5, 'before it got its memory'],
  [6, '64 MiB, before its nodes were made'],
  [7, '64 MiB, before its nodes were made'],
  [8, '64 MiB, before its nodes were made'],
  [9, '64 MiB, before its nodes were made'],
  [10, '64 MiB, before its nodes were made'],
  [11, "64 MiB, 'web1', before it was whole"],
  [12, "64 MiB, 'web1', before it was whole"],
];

test.each(STAGES)('killed before step %i, it is named, listed and removed', async (step, what) => {
  const machine = await simMachine();
  const { sim, xenstore } = machine;
  await machine.xtl('vm create other.cfg -q');
  const nodes = must(await sim.run(xenstore.directory('/local/domain')));
  await sim.settle();
  const baseline = sim.baseline();
  await killedAt(machine, step);

  expect((await machine.xtl('vm list')).stdout).toMatch(/^\(left by a create: xtl doctor\) +2 /m);
  expect(JSON.parse((await machine.xtl('vm list 2 -o json')).stdout)).toMatchObject([
    { domid: 2, builder: { pid: 4321, alive: false } },
  ]);
  const told = await doctor(machine);
  expect(told.stdout).toContain('warn  domain 2: left by process 4321, killed amid a create: ');
  expect(told.stdout).toContain(`${what}\n      -> xtl doctor --fix removes it\n`);
  expect(told.exit).toBe(0);

  const fixed = await doctor(machine, ' --fix');
  expect(fixed.stdout).toContain(`${what}; it is removed now\n`);
  await sim.settle();
  expect(sim.leaks(baseline)).toEqual([]);
  expect(must(await sim.run(xenstore.directory('/local/domain')))).toEqual(nodes);
  expect((await doctor(machine)).stdout).not.toContain('domain ');
  expect(await machine.xtl('vm create vm.cfg -q')).toMatchObject({ exit: 0 });
});

test('without a xenstore it is removed all the same', async () => {
  const machine = await simMachine();
  await machine.sim.settle();
  const baseline = machine.sim.baseline();
  await killedAt(machine, 8);
  const { domainControl, memory, clock } = machine.sim.dom0;
  const { builders } = machine;
  const storeDomainHost = {
    ...{ domainControl, memory, clock, builders },
    handOver: () => fail('EEXIST', 'not asked for'),
    connect: async () => fail('ETIMEDOUT', 'not asked for'),
  };
  const host = fail('ENODEV', 'there is no xenstored');
  const options = { probes: PROBES, host, storeDomainHost };
  const fixed = await machine.xtl('doctor --fix', options);
  expect(fixed.stdout).toContain('64 MiB, before its nodes were made; it is removed now\n');
  await machine.sim.settle();
  expect(machine.sim.leaks(baseline)).toEqual([]);
});

test('killed once it was whole, the domain is a VM like any other', async () => {
  const machine = await simMachine();
  await killedAt(machine, 13);
  expect((await machine.xtl('vm list')).stdout).toMatch(/^web1 +1 .* --p--- /m);
  await doctor(machine, ' --fix');
  expect(await machine.xtl('vm unpause web1')).toMatchObject({ exit: 0 });
});

test('a domain that is being built is told and never touched', async () => {
  const machine = await simMachine();
  await stoppedAt(machine, 10);
  const told = await doctor(machine, ' --fix');
  expect(told.stdout).toContain('ok    domain 1: is being created by process 4321\n');
  expect((await machine.xtl('vm list')).stdout).toMatch(/^\(being created\) +1 /m);
  expect((await machine.xtl('vm show 1')).stdout).toMatch(/^builder +process 4321$/m);
  expect(machine.sim.dom0.domainControl.getInfo(domid(1)).ok).toBe(true);
});

test("domains of others are nobody's leftovers, whatever they lack", async () => {
  const machine = await simMachine();
  const other = machine.sim.addGuest();
  expect((await machine.xtl('vm list')).stdout).toMatch(/^\(null\) +1 /m);
  expect((await doctor(machine, ' --fix')).stdout).not.toContain('domain ');
  expect(machine.sim.dom0.domainControl.getInfo(other).ok).toBe(true);
});
