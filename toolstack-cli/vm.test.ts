/** Commands on VMs, from the words of the user to what is left of the machine. */

import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { domid } from '../shared/core/ids.ts';
import { must, ok } from '../shared/core/result.ts';
import { makeElf } from '../shared/domain/image/fixtures.ts';
import { fakeTerminal, simMachine } from './testing/bundled.ts';
import { FILES } from './testing/sim-host.ts';

test('create makes a VM that list, show and destroy know, and destroy leaves nothing', async () => {
  const machine = await simMachine();
  const nodes = await machine.sim.run(machine.xenstore.directory('/local/domain'));
  await machine.sim.settle();
  const before = machine.sim.baseline();
  expect(await machine.xtl('vm create vm.cfg -q')).toEqual({ exit: 0, stdout: '', stderr: '' });

  const { stdout } = await machine.xtl('vm list');
  const [head, dom0, web1] = stdout.split('\n');
  expect(head).toBe('Name                                        ID   Mem VCPUs\tState\tTime(s)');
  expect(dom0).toMatch(/^Domain-0 {32} {5}0 {3}256 {5}2 {5}r----- {2} +0\.0$/);
  expect(web1).toMatch(/^web1 {36} {5}1 {4}\d\d {5}1 {5}[r-][b-]---- {2} +0\.0$/);

  const shown = await machine.xtl('vm show web1');
  expect(shown.stdout).toMatch(/^name +web1\ndomid +1\nuuid +2f0b6f0a-/);
  expect(shown.stdout).toMatch(/^kernel +\/boot\/k$/m);
  expect(shown.stdout).toMatch(/^on_reboot +restart$/m);

  expect(await machine.xtl('destroy web1')).toMatchObject({ exit: 0, stdout: '' });
  await machine.sim.settle();
  expect(machine.sim.leaks(before)).toEqual([]);
  expect(await machine.sim.run(machine.xenstore.directory('/local/domain'))).toEqual(nodes);
  expect(machine.store.check()).toEqual([]);
});

test('list and show print the same data as JSON and YAML', async () => {
  const machine = await simMachine();
  await machine.xtl('create vm.cfg -p -q');
  const list = JSON.parse((await machine.xtl('list -o json')).stdout);
  expect(list[1]).toMatchObject({
    domid: 1,
    name: 'web1',
    uuid: '2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a',
    state: '--p---',
    shutdownReason: null,
  });
  const show = JSON.parse((await machine.xtl('vm show 1 -o json')).stdout);
  expect(show).toMatchObject({ ...list[1], type: 'pvh', spec: { kernel: '/boot/k' } });
  expect((await machine.xtl('vm list -o yaml')).stdout).toMatch(
    /^- domid: 0\n {2}name: "Domain-0"\n/,
  );
});

test('a name beyond ASCII is UTF-8 in xenstore and itself for the user', async () => {
  const machine = await simMachine();
  const created = await machine.xtl('create vm.cfg name="größe☃" -q');
  expect(created).toEqual({ exit: 0, stdout: '', stderr: '' });
  const raw = must(await machine.sim.run(machine.xenstore.read('/local/domain/1/name')));
  expect(new TextDecoder().decode(raw)).toBe('größe☃');
  expect((await machine.xtl('list größe☃')).stdout).toContain('\ngröße☃ ');
  expect((await machine.xtl('create vm.cfg name="größe☃"')).stderr).toContain("'größe☃' is in use");
});

test('a domain is found by name, by domid, and never by digits as a name', async () => {
  const machine = await simMachine();
  await machine.xtl('create vm.cfg name="7" -q');
  expect((await machine.xtl('list 1')).stdout).toContain('\n7 ');
  expect(await machine.xtl('list 7')).toEqual({
    exit: 3,
    stdout: '',
    stderr: "xtl: there is no domain '7'\n",
  });
});

const refusals: [line: string, exit: number, stderr: RegExp][] = [
  ['vm create vm.cfg', 4, /^xtl: cannot create web1: the name 'web1' is in use by domain 1 .*\n$/m],
  ['vm create other.cfg memory=9999999', 1, /^xtl: cannot create db: too little memory: .*\n$/m],
  ['vm create other.cfg kernel="vm.cfg"', 6, /^xtl: kernel vm.cfg: .*\n$/],
  ['vm create other.cfg kernel="/gone"', 3, /^xtl: kernel \/gone: no such file\n$/],
  ['vm create other.cfg ramdisk="/boot/initrd"', 6, /^xtl: .*ramdisk.*\n$/],
  ['vm show ghost', 3, /^xtl: there is no domain 'ghost'\n$/],
  ['vm destroy ghost', 3, /^xtl: there is no domain 'ghost'\n$/],
  ['vm destroy 99999', 3, /^xtl: there is no domain '99999'\n$/],
  ['vm destroy 0', 4, /^xtl: cannot destroy domain 0: it is the host\n$/],
  ['vm pause Domain-0', 4, /^xtl: cannot pause domain 0: it is the host\n$/],
  ['vm shutdown 0', 4, /^xtl: cannot shut down domain 0: it is the host\n$/],
  ['vm console 0', 4, /^xtl: domain 0 has no console: it is the host\n$/],
  ['vm console ghost', 3, /^xtl: there is no domain 'ghost'\n$/],
];

test.each(refusals)('xtl %s is refused with %i and changes nothing', async (line, exit, stderr) => {
  const machine = await simMachine();
  await machine.xtl('vm create vm.cfg -q');
  await machine.sim.settle();
  const before = machine.sim.baseline();
  const nodes = await machine.sim.run(machine.xenstore.directory('/local/domain'));
  const ran = await machine.xtl(line);
  expect(ran.stderr).toMatch(stderr);
  expect(ran.exit).toBe(exit);
  expect(ran.stdout).toBe('');
  await machine.sim.settle();
  expect(machine.sim.leaks(before)).toEqual([]);
  expect(await machine.sim.run(machine.xenstore.directory('/local/domain'))).toEqual(nodes);
});

test('a dry run shows the steps and makes nothing', async () => {
  const machine = await simMachine();
  const ran = await machine.xtl('vm create vm.cfg --dry-run');
  expect(ran).toMatchObject({ exit: 0, stderr: '' });
  expect(ran.stdout).toMatch(/^# {3}STEP +WHAT IT DOES\n1 {3}check +check that 'web1' is free/);
  expect((await machine.xtl('list')).stdout.trim().split('\n')).toHaveLength(2);
  const data = JSON.parse((await machine.xtl('create vm.cfg -n -o json')).stdout);
  expect(data.plan).toBe('create web1');
  expect(data.steps.map((step: { id: string }) => step.id)).toContain('introduce');
});

test('progress is lines on stderr where there is no terminal', async () => {
  const machine = await simMachine();
  const { stderr, stdout } = await machine.xtl('vm create vm.cfg');
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^create web1: 1\/15 check that .*\n(create web1: \d+\/15 .*\n){14}/);
  expect(stderr).toMatch(/\ncreated 'web1', domain 1\n$/);
});

test('what goes to a file or a pipe has no progress in it', async () => {
  const machine = await simMachine();
  const terminal = fakeTerminal({ isTty: true });
  const toFile = { ...terminal, out: { ...terminal.out, isTty: false } };
  const { stderr, stdout } = await machine.xtl('vm create vm.cfg', { terminal: toFile });
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^create web1: 1\/15 check that /);
});

test('pause and unpause do so once, however often they are called', async () => {
  const machine = await simMachine();
  await machine.xtl('create vm.cfg -q');
  const paused = (): boolean => must(machine.sim.dom0.domainControl.getInfo(domid(1))).paused;
  for (const line of ['pause web1', 'vm pause 1']) {
    expect(await machine.xtl(line)).toEqual({ exit: 0, stdout: '', stderr: '' });
    expect(paused()).toBe(true);
  }
  expect(await machine.xtl('shutdown web1')).toMatchObject({
    exit: 4,
    stderr: "xtl: cannot shut down 'web1': it is paused\n",
  });
  for (const line of ['unpause web1', 'vm unpause 1']) {
    expect(await machine.xtl(line)).toEqual({ exit: 0, stdout: '', stderr: '' });
    expect(paused()).toBe(false);
  }
});

const CONTROL = '/local/domain/1/control';

test('shutdown asks by the control node', async () => {
  const machine = await simMachine();
  await machine.xtl('create vm.cfg -q');
  expect(await machine.xtl('shutdown web1')).toEqual({ exit: 0, stdout: '', stderr: '' });
  const asked = await machine.sim.run(machine.xenstore.readString(`${CONTROL}/shutdown`));
  expect(must(asked)).toBe('poweroff');
});

test('shutdown is refused for a guest that says it does not listen', async () => {
  const machine = await simMachine();
  await machine.xtl('create vm.cfg -q');
  await machine.sim.run(machine.xenstore.write(`${CONTROL}/feature-poweroff`, '0'));
  expect(await machine.xtl('shutdown web1')).toMatchObject({ exit: 4 });
});

test('shutdown --wait ends with the guest', async () => {
  const machine = await simMachine();
  await machine.xtl('create vm.cfg -q');
  const ran = machine.start('shutdown web1 --wait');
  await machine.sim.advance(1000);
  machine.sim.domain(domid(1)).shutdown('poweroff');
  expect(await machine.sim.run(ran)).toEqual({ exit: 0, stdout: '', stderr: '' });
});

test('shutdown --timeout gives up with 7', async () => {
  const machine = await simMachine();
  await machine.xtl('create vm.cfg -q');
  expect(await machine.xtl('shutdown web1 --timeout 2.5')).toEqual({
    exit: 7,
    stdout: '',
    stderr: "xtl: 'web1' was asked to power off: it still runs after 2.5 s\n",
  });
});

test.each([
  ['vm list', '/local/domain/1/name'],
  ['vm list web1', '/local/domain/0/name'],
  ['vm show web1', '/libxl/1/type'],
  ['vm pause web1', '/local/domain/1/name'],
])('xtl %s fails where the connection to the store is lost midway', async (line, last) => {
  const machine = await simMachine();
  await machine.xtl('create vm.cfg -q');
  const host = machine.openHost();
  const readString: typeof host.xenstore.readString = async (path) => {
    if (path === last) host.xenstore.close();
    return host.xenstore.readString(path);
  };
  const { exit, stdout, stderr } = await machine.xtl(line, {
    host: ok({ ...host, xenstore: { ...host.xenstore, readString } }),
  });
  expect([exit, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^xtl: .*this end closed the connection\n$/);
});

test('a dry run keeps no kernel that it unpacked: it writes nothing', async () => {
  const machine = await simMachine();
  const written = new Map<string, Uint8Array>();
  const packed = gzipSync(makeElf({}));
  const options = { written, files: { ...FILES, '/boot/k': new Uint8Array(packed) } };
  expect(await machine.xtl('vm create --dry-run vm.cfg', options)).toMatchObject({ exit: 0 });
  expect([...written.keys()]).toEqual([]);
  expect(await machine.xtl('vm create -q vm.cfg', options)).toMatchObject({ exit: 0 });
  expect([...written.keys()]).toEqual(['/cache/-boot-k.elf']);
});
