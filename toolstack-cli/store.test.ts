/** `xtl store` on a simulated machine with the real store. */

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { fail, must, ok } from '../shared/core/result.ts';
import { utf8 } from '../shared/core/utf8.ts';
import { fakeTerminal, runXtl, simMachine } from './testing/bundled.ts';
import type { Machine } from './testing/sim-host.ts';

/** As readers of YAML 1.1 do, PyYAML among them. */
const OLD = { version: '1.1' } as const;

async function planted(): Promise<Machine> {
  const machine = await simMachine();
  expect(await machine.xtl('store write /a/x 1 /a/y 2 /a/y/z größe')).toEqual({
    exit: 0,
    stdout: '',
    stderr: '',
  });
  return machine;
}

test('what is written is read, listed and removed', async () => {
  const { xtl, store } = await planted();
  expect((await xtl('store read /a/x /a/y')).stdout).toBe('1\n2\n');
  expect((await xtl('store ls /a')).stdout).toBe('x = "1"\ny = "2"\n');
  expect((await xtl('store ls -r /a')).stdout).toBe('/a/x = "1"\n/a/y = "2"\n/a/y/z = "größe"\n');
  expect((await xtl('store ls')).stdout).toContain('a = ""\n');
  expect(await xtl('store rm /a/y')).toMatchObject({ exit: 0, stdout: '' });
  expect((await xtl('store ls /a -r')).stdout).toBe('/a/x = "1"\n');
  expect(store.check()).toEqual([]);
});

test('a listing is data for programs, with permissions if asked for', async () => {
  const { xtl, sim } = await planted();
  // Permissions name domains that there are.
  expect([sim.addGuest(), sim.addGuest()]).toEqual([1, 2]);
  expect(await xtl('store chmod /a/x n1 r2 b0')).toMatchObject({ exit: 0 });
  expect((await xtl('store ls -p /a')).stdout).toBe('x = "1"   (n1,r2,b0)\ny = "2"   (n0)\n');
  expect(JSON.parse((await xtl('store ls -p -o json /a')).stdout)).toEqual([
    { path: '/a/x', value: '1', permissions: ['n1', 'r2', 'b0'] },
    { path: '/a/y', value: '2', permissions: ['n0'] },
  ]);
  expect(await xtl('store chmod -r /a r0')).toMatchObject({ exit: 0 });
  expect((await xtl('store ls -rp /a')).stdout).toContain('/a/y/z = "größe"   (r0)\n');
});

test('values cannot harm a terminal, and come as bytes where they are wanted', async () => {
  const { xtl, sim, xenstore } = await planted();
  must(await sim.run(xenstore.write('/evil', '\x1b[2Jx\0y')));
  expect((await xtl('store read /evil')).stdout).toBe('␛[2Jx␀y\n');
  expect((await xtl('store ls /')).stdout).toContain('evil = "␛[2Jx␀y"\n');
  expect((await xtl('store read --raw /evil')).stdout).toBe('\x1b[2Jx\0y');
});

describe('data for programs', () => {
  const harm = '\x1b[2J\x7f\u009b2J\u202e\u200b\u2066\ufeff\u2028"\\ größe 😀';
  const bare = ['no', 'on', 'y', '2001-01-01', '1:30', '0o7', '0x1', '1e3', '~', 'null', '', '- a'];

  test.each(['json', 'yaml'])('as %s cannot harm a terminal, and is text as it was', async (as) => {
    const { xtl, sim, xenstore } = await simMachine();
    const values = [harm, ...bare];
    for (const [i, value] of values.entries()) {
      must(await sim.run(xenstore.write(`/v/${i}`, utf8(value))));
    }
    const { stdout } = await xtl(`store ls -o ${as} /v`);
    expect(stdout).not.toMatch(/(?!\n)\p{Cc}|[\u200b\u2028\u202e\u2066\ufeff]/u);
    expect(stdout).toContain('\\u009b2J\\u202e\\u200b\\u2066\\ufeff\\u2028');
    expect(stdout).toContain('größe 😀');
    const read = as === 'json' ? [JSON.parse(stdout)] : [parse(stdout), parse(stdout, OLD)];
    for (const nodes of read) {
      expect(nodes.map(({ value }: { value: unknown }) => value).toSorted()).toEqual(
        values.toSorted(),
      );
    }
  });
});

test('several nodes are written at once or not at all', async () => {
  const { xtl } = await planted();
  expect(await xtl('store write /b/x 1 /b//y 2')).toMatchObject({ exit: 1 });
  expect(await xtl('store exists /b')).toEqual({ exit: 3, stdout: '', stderr: '' });
  expect(await xtl('store write /b/x 1 /b/y')).toEqual({
    exit: 2,
    stdout: '',
    stderr: 'xtl: no value for /b/y: give a path and a value, in turns\n',
  });
});

test('exists tells by its exit code', async () => {
  const { xtl } = await planted();
  expect(await xtl('store exists /a/x /a/y/z')).toEqual({ exit: 0, stdout: '', stderr: '' });
  expect(await xtl('store exists /a/x /a/nothing')).toEqual({ exit: 3, stdout: '', stderr: '' });
});

test('watch prints changes, as many as asked for', async () => {
  const { start, xtl, sim, xenstore } = await planted();
  // Its module is there from now on: the next one watches when its time comes.
  await xtl('store watch --timeout 1 /a');
  const watching = start('store watch -n 3 /a');
  await sim.advance(10);
  must(await sim.run(xenstore.write('/a/x', '3')));
  must(await sim.run(xenstore.rm('/a/y')));
  expect(await sim.run(watching)).toEqual({ exit: 0, stdout: '/a\n/a/x\n/a/y\n', stderr: '' });
});

test('watch ends in time, and says if events are missing', async () => {
  const { xtl } = await planted();
  expect(await xtl('store watch --timeout 2 /a')).toEqual({ exit: 0, stdout: '/a\n', stderr: '' });
  expect(await xtl('store watch -n 2 --timeout 2 /a')).toEqual({
    exit: 7,
    stdout: '/a\n',
    stderr: 'xtl: 1 events did not come in time\n',
  });
});

test('trace prints what the daemon shows, until it ends', async () => {
  const traffic = ok({
    async *[Symbol.asyncIterator]() {
      yield new TextEncoder().encode('IN d3 20260820 09:15:07 READ (name )\n');
    },
    close: () => {},
  });
  expect(await runXtl(['store', 'trace'], { traffic })).toEqual({
    exit: 0,
    stdout: 'IN d3 20260820 09:15:07 READ (name )\n',
    stderr: '',
  });
});

test('while nobody reads its output, a watch keeps no more than its queue holds', async () => {
  const { start, sim, xenstore } = await planted();
  const terminal = fakeTerminal();
  const readOn = terminal.stopReading();
  const watching = start('store watch --timeout 60 /a', { terminal });
  await sim.advance(10);
  for (let i = 0; i < 3000; i++) must(await sim.run(xenstore.write(`/a/${i}`, '')));
  expect(terminal.stdout()).toBe('/a\n');
  readOn();
  const { stdout } = await sim.run(watching);
  // Too many waited: look at everything again. Then what came later.
  expect(stdout).toMatch(/^\/a\n\/a\n(\/a\/\d+\n)+\/a\/2999\n$/);
  expect(stdout.split('\n').length).toBeLessThan(1100);
});

test('while nobody reads its output, a trace asks the daemon for no more', async () => {
  let asked = 0;
  const traffic = ok({
    async *[Symbol.asyncIterator]() {
      for (; asked < 3; asked++) yield new TextEncoder().encode(`line ${asked}\n`);
    },
    close: () => {},
  });
  const terminal = fakeTerminal();
  const readOn = terminal.stopReading();
  const ran = runXtl(['store', 'trace'], { traffic, terminal });
  await new Promise((done) => setTimeout(done, 100));
  expect([asked, terminal.stdout()]).toEqual([0, 'line 0\n']);
  readOn();
  expect(await ran).toMatchObject({ exit: 0, stdout: 'line 0\nline 1\nline 2\n' });
});

test.each([
  ["Xen's", async () => ok('check\t\nlog\ton|off\nlogfile\t<file>\n'), undefined],
  ["Xen's in OCaml", async () => fail('EINVAL', 'control'), undefined],
  ["Xen's", async () => ok('check\t\n'), '4'],
])(
  'trace beside %s says what the matter is, and what serves instead',
  async (_, control, domid) => {
    const { sim, xenstore, xtl } = await planted();
    if (domid !== undefined) must(await sim.run(xenstore.write('/tool/xenstored/domid', domid)));
    const other = { xenstore: ok({ ...xenstore, control }) };
    const { exit, stdout, stderr } = await xtl('store trace', other);
    expect([exit, stdout]).toEqual([4, '']);
    const where = domid === undefined ? 'a process of domain 0' : 'in domain 4';
    expect(stderr).toContain(`xtl: the xenstored that answers is Xen's own, ${where}: only xtl's`);
    expect(stderr).toContain("'xenstore-control logfile FILE'");
  },
);

test('trace of ours in a domain says where its traffic is shown', async () => {
  const { sim, xenstore, xtl } = await planted();
  must(await sim.run(xenstore.write('/tool/xenstored/domid', '4')));
  expect(await xtl('store trace')).toEqual({
    exit: 4,
    stdout: '',
    stderr:
      "xtl: the xenstored that answers is xtl's, in domain 4: it shows its traffic in " +
      "/var/log/xen/console/guest-Xenstore.log after 'xenstore-control log on'\n",
  });
});

test.each([
  ['store ls /nothing', 3, /^xtl: directory \/nothing: there is no such node\n$/],
  ['store read /nothing', 3, /^xtl: read \/nothing: there is no such node\n$/],
  [
    'store read /a//b',
    1,
    /^xtl: read \/a\/\/b: a path, permission or other argument is not valid\n$/,
  ],
  ['store rm /', 1, /^xtl: rm \/: a path, permission or other argument is not valid\n$/],
  ['store rm /nothing', 3, /^xtl: there is no node \/nothing\n$/],
  ['store chmod /a x5', 2, /^xtl: permission 'x5' must start with n, r, w or b\n$/],
  ['store chmod /a n5', 3, /^xtl: there is no domain 5 that could own \/a\n$/],
  ['store chmod -r /a b1 r2', 3, /^xtl: there is no domain 1 that could own \/a\n$/],
  ['store chmod /nothing n5', 3, /^xtl: .*\/nothing.*\n$/],
  ['store watch -n 0 /a', 2, /^xtl: a count is a number from 1 on, not '0'\n$/],
  ['store watch --timeout soon /a', 2, /^xtl: a timeout is a number of seconds, not 'soon'\n$/],
  ['store trace', 4, /^xtl: the xenstored that answers is xtl's, a process of domain 0, but its /],
])('%s exits %d', async (line, exit, stderr) => {
  const { xtl } = await planted();
  const ran = await xtl(line);
  expect(ran).toMatchObject({ exit, stdout: '' });
  expect(ran.stderr).toMatch(stderr);
});

test('without a xenstored every command says so', async () => {
  expect(await runXtl(['store', 'ls'])).toEqual({
    exit: 5,
    stdout: '',
    stderr: 'xtl: there is no xenstored\n',
  });
});

describe('a listing that cannot be whole is no success', () => {
  const formats = ['table', 'json', 'yaml'];

  test.each(formats)('as %s, where the connection is lost midway', async (format) => {
    const { xtl, xenstore } = await planted();
    const readString: typeof xenstore.readString = async (path) => {
      if (path === '/a/y') xenstore.close();
      return xenstore.readString(path);
    };
    expect(
      await xtl(`store ls -r -o ${format}`, { xenstore: ok({ ...xenstore, readString }) }),
    ).toEqual({ exit: 1, stdout: '', stderr: 'xtl: this end closed the connection\n' });
  });

  test.each(formats)('as %s, where a directory is never at rest', async (format) => {
    const { xtl, xenstore } = await planted();
    const directory: typeof xenstore.directory = async (path) =>
      path === '/a/y'
        ? fail('EAGAIN', `directory ${path}: never at rest`)
        : xenstore.directory(path);
    const getPerms: typeof xenstore.getPerms = async (path) =>
      path === '/a/x' ? fail('EIO', `getPerms ${path}: the store failed`) : xenstore.getPerms(path);
    const options = { xenstore: ok({ ...xenstore, directory, getPerms }) };
    const { exit, stdout, stderr } = await xtl(`store ls -rp -o ${format} /a`, options);
    expect([exit, stdout.includes('/a/y'), stdout.includes('/a/x')]).toEqual([1, true, false]);
    expect(stderr).toBe(
      'xtl: not all is listed: getPerms /a/x: the store failed, and 1 more like it\n',
    );
  });

  test('but a node that went away while we looked is missed by nobody', async () => {
    const { xtl, xenstore } = await planted();
    const readString: typeof xenstore.readString = async (path) => {
      if (path === '/a/y') must(await xenstore.rm('/a/y'));
      return xenstore.readString(path);
    };
    const ran = await xtl('store ls -r /a', { xenstore: ok({ ...xenstore, readString }) });
    expect(ran).toEqual({ exit: 0, stdout: '/a/x = "1"\n', stderr: '' });
  });
});
