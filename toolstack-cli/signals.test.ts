/** Signals and readers that go away, in the midst of commands on a simulated machine. */

import { beforeAll, expect, test } from 'vitest';
import { domid } from '../shared/core/ids.ts';
import { must } from '../shared/core/result.ts';
import type { EndSignal } from '../shared/platform/signals.ts';
import { fakePty, fakeTerminal, simMachine } from './testing/bundled.ts';
import { fakeSignals } from './testing/signals.ts';
import type { Machine } from './testing/sim-host.ts';
import type { FakeTerminal } from './testing/terminal.ts';

const STEPS = 15;

// A command loads its own module when it is first used, which takes no virtual time.
beforeAll(async () => {
  const machine = await simMachine();
  await machine.xtl('vm create vm.cfg -c -q');
  await machine.xtl('console web1 --timeout 1');
  await machine.xtl('store watch --timeout 1 /tool');
});

/** A terminal where something happens once a text is printed on its standard error. */
function terminalThat(text: string, happens: () => void): FakeTerminal {
  const terminal = fakeTerminal();
  const write: FakeTerminal['err']['write'] = (data) => {
    terminal.err.write(data);
    if (String(data).includes(text)) happens();
  };
  return { ...terminal, err: { ...terminal.err, write } };
}

async function domains({ sim, xenstore }: Machine): Promise<unknown> {
  await sim.settle();
  return [
    must(sim.dom0.domainControl.listInfo(0, 100)).map((info) => info.domid),
    must(await sim.run(xenstore.directory('/local/domain'))),
  ];
}

test.each(Array.from({ length: STEPS }, (_, i) => i + 1))(
  'Ctrl-C in step %i of a create leaves nothing and ends with 130',
  async (step) => {
    const machine = await simMachine();
    const before = await domains(machine);
    const baseline = machine.sim.baseline();
    const signals = fakeSignals();
    const terminal = terminalThat(`: ${step}/${STEPS} `, () => signals.send('SIGINT'));
    const { exit, stderr } = await machine.xtl('vm create vm.cfg', { terminal, signals });
    expect([exit, stderr]).toEqual([130, expect.stringContaining('ended by SIGINT')]);
    expect(stderr).toContain("xtl: SIGINT: 'create web1' is taken back; Ctrl-C again ends it");
    expect(stderr).not.toContain(`: ${step + 1}/${STEPS} `);
    expect(machine.sim.leaks(baseline)).toEqual([]);
    expect(await domains(machine)).toEqual(before);
    expect(await machine.xtl('vm create vm.cfg -q')).toMatchObject({ exit: 0 });
  },
);

const SIGNALS: [EndSignal, number][] = [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
];

test.each(SIGNALS)('%s before anything is done ends a create with %i', async (signal, status) => {
  const machine = await simMachine();
  const signals = fakeSignals();
  signals.send(signal);
  const { exit, stderr } = await machine.xtl('vm create vm.cfg', { signals });
  expect(exit).toBe(status);
  expect(stderr).toContain(`ended by ${signal} [step check]`);
});

test('what cannot be taken back is told', async () => {
  const machine = await simMachine();
  const signals = fakeSignals();
  const terminal = terminalThat(' 6/', () => signals.send('SIGTERM'));
  machine.sim.faults.fail('domainControl.destroyDomain', { errno: 'EBUSY' });
  const { exit, stderr } = await machine.xtl('vm create vm.cfg', { terminal, signals });
  expect(exit).toBe(143);
  expect(stderr).toMatch(/ended by SIGTERM; could not undo domain: .* \[step image\]\n$/);
});

test('a destroy that has begun goes on to its end, and ends with the signal', async () => {
  const machine = await simMachine();
  await machine.xtl('vm create vm.cfg -q');
  const signals = fakeSignals();
  const terminal = terminalThat(' 2/', () => signals.send('SIGINT'));
  const { exit, stderr } = await machine.xtl('vm destroy web1', { terminal, signals });
  expect(exit).toBe(130);
  expect(stderr).toContain("xtl: SIGINT: 'destroy 'web1'' goes on to its end;");
  expect(stderr).toMatch(/\nxtl: 'web1' is destroyed all the same\n$/);
  expect((await machine.xtl('vm list')).stdout).not.toContain('web1');
});

test('create -c takes the VM back as long as it waits for its console', async () => {
  const machine = await simMachine();
  const before = await domains(machine);
  const signals = fakeSignals();
  const ran = machine.start('vm create vm.cfg -c -q', { signals });
  await machine.sim.advance(1000);
  signals.send('SIGINT');
  expect(await machine.sim.run(ran)).toEqual({
    exit: 130,
    stdout: '',
    stderr: 'xtl: create web1 is taken back: ended by SIGINT\n',
  });
  expect(await domains(machine)).toEqual(before);
});

async function withConsole(machine: Machine, line: string, options = {}) {
  const pty = fakePty();
  machine.ptys.set('/dev/pts/5', pty);
  const ran = machine.start(line, options);
  await machine.sim.advance(1000);
  must(await machine.sim.run(machine.xenstore.write('/local/domain/1/console/tty', '/dev/pts/5')));
  await machine.sim.advance(100);
  return { pty, ran };
}

test('create -c leaves the VM alone once it runs', async () => {
  const machine = await simMachine();
  const signals = fakeSignals();
  const terminal = fakeTerminal({ isTty: true });
  const { ran } = await withConsole(machine, 'vm create vm.cfg -c -q', { signals, terminal });
  expect(terminal.isRaw()).toBe(true);
  signals.send('SIGTERM');
  const { exit, stderr } = await machine.sim.run(ran);
  expect([exit, terminal.isRaw()]).toEqual([143, false]);
  expect(stderr).toMatch(/xtl: domain 1 stays as it is: ended by SIGTERM\n$/);
  expect(must(machine.sim.dom0.domainControl.getInfo(domid(1))).paused).toBe(false);
});

test('a console ends when nobody reads it any more', async () => {
  const machine = await simMachine();
  await machine.xtl('vm create vm.cfg -q');
  const terminal = fakeTerminal();
  const { pty, ran } = await withConsole(machine, 'console web1', { terminal });
  terminal.closeOutput();
  expect(await machine.sim.run(ran)).toMatchObject({ exit: 0 });
  expect(pty.isClosed()).toBe(true);
});

test('store watch ends when nobody reads it any more', async () => {
  const machine = await simMachine();
  const terminal = fakeTerminal();
  const ran = machine.start('store watch /tool', { terminal });
  await machine.sim.advance(100);
  terminal.closeOutput();
  expect(await machine.sim.run(ran)).toEqual({ exit: 0, stdout: '/tool\n', stderr: '' });
});
