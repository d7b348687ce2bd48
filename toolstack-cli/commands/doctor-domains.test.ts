/** Creates that were killed with -9 at any step, and what becomes of their domains. */

import { expect, test } from 'vitest';
import { domid } from '../../shared/core/ids.ts';
import { fail, must } from '../../shared/core/result.ts';
import { fakeTerminal, simMachine } from '../testing/bundled.ts';
import { healthy } from '../testing/probes.ts';
import type { Machine } from '../testing/sim-host.ts';
import type { FakeTerminal } from '../testing/terminal.ts';

const doctor = (machine: Machine, words = '') => machine.xtl(`doctor${words}`, { probes: healthy });

/** A create that gets no further than to where this step would begin. */
async function stoppedAt(machine: Machine, step: number): Promise<void> {
  const terminal: FakeTerminal = fakeTerminal();
  const write: FakeTerminal['err']['write'] = (data) => {
    if (String(data).includes(`: ${step}/15 `)) throw new Error('stopped');
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
  [3, '0 MiB, before it got its memory'],
  ...[4, 5, 6].map((step): [number, string] => [step, "'web1', 0 MiB, before it got its memory"]),
  ...[7, 8, 9, 10, 11].map((step): [number, string] => [
    step,
    "'web1', 64 MiB, before its nodes were made",
  ]),
  ...[12, 13, 14].map((step): [number, string] => [step, "'web1', 64 MiB, before it was whole"]),
];

test.each(STAGES)('killed before step %i, it is named, listed and removed', async (step, what) => {
  const machine = await simMachine();
  const { sim, xenstore } = machine;
  await machine.xtl('vm create other.cfg -q');
  const nodes = must(await sim.run(xenstore.directory('/local/domain')));
  await sim.settle();
  const baseline = sim.baseline();
  await killedAt(machine, step);

  const name = step === 3 ? '\\(null\\)' : 'web1';
  const row = new RegExp(`^${name} \\(left by a create\\) +2 `, 'm');
  expect((await machine.xtl('vm list')).stdout).toMatch(row);
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
  expect((await doctor(machine)).stdout).not.toMatch(/ domain [0-9]+: /);
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
  const options = { probes: healthy, host, storeDomainHost };
  const fixed = await machine.xtl('doctor --fix', options);
  expect(fixed.stdout).toContain('64 MiB, before its nodes were made; it is removed now\n');
  await machine.sim.settle();
  expect(machine.sim.leaks(baseline)).toEqual([]);
});

test('killed once it was whole, the domain is a VM like any other', async () => {
  const machine = await simMachine();
  await killedAt(machine, 15);
  expect((await machine.xtl('vm list')).stdout).toMatch(/^web1 +1 .* --p--- /m);
  await doctor(machine, ' --fix');
  expect(await machine.xtl('vm unpause web1')).toMatchObject({ exit: 0 });
});

test('a domain that is being built is told and never touched', async () => {
  const machine = await simMachine();
  await stoppedAt(machine, 10);
  const told = await doctor(machine, ' --fix');
  expect(told.stdout).toContain('ok    domain 1: is being created by process 4321\n');
  expect((await machine.xtl('vm list')).stdout).toMatch(/^web1 \(being created\) +1 /m);
  expect((await machine.xtl('vm show 1')).stdout).toMatch(/^builder +process 4321$/m);
  expect(machine.sim.dom0.domainControl.getInfo(domid(1)).ok).toBe(true);
});

test('a domain that is being taken back is dying, and nothing that was left', async () => {
  const machine = await simMachine();
  await killedAt(machine, 8);
  // Somebody's mapping keeps it for a while.
  const { domainControl, memory } = machine.sim.dom0;
  must(memory.mapForeign(domid(1), [0]));
  must(domainControl.destroyDomain(domid(1)));
  expect((await machine.xtl('vm list')).stdout).toMatch(/^web1 +1 .*d {2}/m);
  expect((await doctor(machine, ' --fix')).stdout).not.toMatch(/ domain [0-9]+: /);
});

test("domains of others are nobody's leftovers, whatever they lack", async () => {
  const machine = await simMachine();
  const other = machine.sim.addGuest();
  expect((await machine.xtl('vm list')).stdout).toMatch(/^\(null\) +1 /m);
  expect((await doctor(machine, ' --fix')).stdout).not.toMatch(/ domain [0-9]+: /);
  expect(machine.sim.dom0.domainControl.getInfo(other).ok).toBe(true);
});

test('that nobody acts on the end of VMs is told, and mended', async () => {
  const machine = await simMachine();
  expect((await doctor(machine)).stdout).not.toContain('lifecycle');
  await machine.xtl('vm create vm.cfg -q');
  expect((await doctor(machine)).stdout).toContain('ok    lifecycle service: runs\n');
  machine.attended.now = false;
  expect((await doctor(machine)).stdout).toMatch(
    /^warn {2}lifecycle service: does not run: .*\n {6}-> xtl doctor --fix starts it$/m,
  );
  expect((await doctor(machine, ' --fix')).stdout).toContain('did not run; it is started now\n');
  expect(machine.attended.now).toBe(true);
});

test('that nobody keeps back ends is told, with what no longer survives, and mended', async () => {
  const machine = await simMachine();
  const { sim, xenstore } = machine;
  await machine.xtl('vm create vm.cfg -q');
  const add = async (device: number, server: number, node: string, value: string) => {
    const back = `/local/domain/${server}/backend/vbd/1/${device}`;
    const nodes = [
      { path: `/libxl/1/device/vbd/${device}/backend`, value: back },
      { path: `${back}/${node}`, value },
    ];
    must(await sim.run(xenstore.writeAll(nodes)));
  };
  // The kernel's, and one of a domain that keeps no journal.
  await add(51712, 0, 'script', '/etc/xen/scripts/block');
  await add(51728, 7, 'params', 'xvda');
  expect((await doctor(machine)).stdout).not.toContain('keeper');
  await add(51744, 0, 'script', '/etc/xen/scripts/block-xtl');
  for (const device of [51760, 51776]) await add(device, 7, 'journal', '8 9');
  expect((await doctor(machine)).stdout).toContain(
    'keeper: does not run: 1 disk of dom0 wait for ever once their back end has ended; ' +
      '2 disks may not outlive domain 7, which serves them\n',
  );
  expect((await doctor(machine, ' --fix')).stdout).toContain('keeper: did not run; it is started');
  expect(machine.kept.now).toBe(true);
  expect((await doctor(machine)).stdout).toContain('ok    keeper: runs\n');
});
