/** The console: what is typed and printed, and how it ends. */

import { beforeAll, expect, test } from 'vitest';
import { domid } from '../shared/core/ids.ts';
import { must } from '../shared/core/result.ts';
import { fakePty, fakeTerminal, simMachine } from './testing/bundled.ts';
import type { FakePty } from './testing/pty.ts';
import type { Machine } from './testing/sim-host.ts';

// The command loads its module when it is first used, which takes no virtual time.
beforeAll(async () => {
  const machine = await simMachine();
  await machine.xtl('create vm.cfg -q');
  await machine.xtl('console web1 --timeout 1');
});

const TTY = '/local/domain/1/console/tty';

/** xenconsoled offers a terminal for domain 1. */
async function offer(machine: Machine, path = '/dev/pts/5'): Promise<FakePty> {
  const pty = fakePty();
  machine.ptys.set(path, pty);
  must(await machine.sim.run(machine.xenstore.write(TTY, path)));
  return pty;
}

async function attached(isTty = true) {
  const machine = await simMachine();
  await machine.xtl('create vm.cfg -q');
  const pty = await offer(machine);
  const terminal = fakeTerminal({ isTty });
  const ran = machine.start('console web1', { terminal });
  await machine.sim.advance(100);
  return { machine, pty, terminal, ran };
}

test('what the guest prints is shown and what the user types arrives, until ^]', async () => {
  const { machine, pty, terminal, ran } = await attached();
  expect(terminal.isRaw()).toBe(true);
  pty.print('login: ');
  terminal.type('root\r');
  terminal.type('x\x1dlost');
  const { exit, stdout, stderr } = await machine.sim.run(ran);
  expect([exit, stdout, stderr]).toEqual([0, 'login: ', 'Connected; ^] detaches.\r\n\r\n']);
  expect(pty.typed()).toBe('root\rx');
  expect([terminal.isRaw(), terminal.isRead(), pty.isClosed()]).toEqual([false, false, true]);
});

test('without a terminal the end of the input ends nothing, and nothing is said', async () => {
  const { machine, pty, terminal, ran } = await attached(false);
  terminal.type('ls\n');
  terminal.endInput();
  await machine.sim.advance(1000);
  pty.print('bin\n');
  await machine.xtl('destroy web1 -q');
  expect(await machine.sim.run(ran)).toEqual({ exit: 0, stdout: 'bin\n', stderr: '' });
  expect(pty.typed()).toBe('ls\n');
});

test('it ends with its domain, even if the nodes stay', async () => {
  const { machine, ran } = await attached();
  must(machine.sim.dom0.domainControl.destroyDomain(domid(1)));
  expect(await machine.sim.run(ran)).toMatchObject({ exit: 0 });
});

test('it follows xenconsoled to another terminal', async () => {
  const { machine, pty, terminal, ran } = await attached();
  pty.hangUp();
  const next = await offer(machine, '/dev/pts/6');
  await machine.sim.advance(100);
  terminal.type('hi');
  next.print('there');
  terminal.type('\x1d');
  expect(await machine.sim.run(ran)).toMatchObject({ exit: 0, stdout: 'there' });
  expect(next.typed()).toBe('hi');
});

test('it waits for a console to appear, as long as it may', async () => {
  const machine = await simMachine();
  await machine.xtl('create vm.cfg -q');
  expect(await machine.xtl('console web1 --timeout 3')).toEqual({
    exit: 7,
    stdout: '',
    stderr: "xtl: console of 'web1': no console after 3 s\n",
  });
});

test('create -c starts the VM when the console is there', async () => {
  const machine = await simMachine();
  const terminal = fakeTerminal({ isTty: false });
  const ran = machine.start('create vm.cfg -c -q', { terminal });
  await machine.sim.advance(1000);
  const paused = (): boolean => must(machine.sim.dom0.domainControl.getInfo(domid(1))).paused;
  expect(paused()).toBe(true);
  const pty = await offer(machine);
  await machine.sim.advance(100);
  expect(paused()).toBe(false);
  pty.print('Linux version');
  await machine.xtl('destroy web1 -q');
  expect(await machine.sim.run(ran)).toEqual({ exit: 0, stdout: 'Linux version', stderr: '' });
});

test('create -c starts the VM without a console if none comes, and says so', async () => {
  const machine = await simMachine();
  const ran = await machine.xtl('create vm.cfg -c -q');
  expect(ran).toMatchObject({
    exit: 7,
    stderr: 'xtl: domain 1 runs, but has no console: no console after 10 s\n',
  });
  expect(must(machine.sim.dom0.domainControl.getInfo(domid(1))).paused).toBe(false);
});

test('a console that somebody has is refused, and free again afterwards', async () => {
  const { machine, terminal, ran } = await attached();
  const second = await machine.xtl('console web1');
  expect(second).toEqual({
    exit: 4,
    stdout: '',
    stderr: "xtl: console of 'web1': process 99 (xenconsole) has it\n",
  });
  terminal.type('\x1d');
  expect(await machine.sim.run(ran)).toMatchObject({ exit: 0 });
  const next = machine.start('console web1', { terminal });
  await machine.sim.advance(100);
  terminal.type('\x1d');
  expect(await machine.sim.run(next)).toMatchObject({ exit: 0 });
});

test('while nobody reads its output, no more is taken of the guest, and nothing lost', async () => {
  const { machine, pty, terminal, ran } = await attached(false);
  const readOn = terminal.stopReading();
  expect(pty.isRead()).toBe(true);
  pty.print('a screenful\n');
  expect(pty.isRead()).toBe(false);
  let ended = false;
  void ran.then(() => {
    ended = true;
  });
  await machine.xtl('destroy web1 -q');
  await machine.sim.advance(5000);
  expect([ended, pty.isClosed()]).toEqual([false, false]);
  readOn();
  await machine.sim.advance(1);
  expect(pty.isRead()).toBe(true);
  pty.print('its last words\n');
  expect(await machine.sim.run(ran)).toMatchObject({
    exit: 0,
    stdout: 'a screenful\nits last words\n',
  });
});
