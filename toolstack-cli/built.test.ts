/** The built file itself, as a process: every format of every command that needs no hypervisor. */

import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { makeElf } from '../shared/domain/image/fixtures.ts';
import { type OwnXenstored, ownXenstored } from '../test/daemon/own-xenstored.ts';
import { COMMANDS } from './table.ts';
import { type Folder, folderWith } from './testing/built.ts';
import { simMachine } from './testing/bundled.ts';

let folder: Folder;
let store: OwnXenstored;
beforeAll(async () => {
  folder = folderWith({
    'vm.cfg': `name="web1"
type="pvh"
kernel="k"
memory=64
uuid="2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a"
`,
    k: makeElf(),
    'random.cfg': Uint8Array.from(
      { length: 200_000 },
      (_, i) => 1 + ((i * i * 31 + (i >> 7)) % 255),
    ),
    'folder/': '',
  });
  store = ownXenstored();
  await store.start();
  const env = { XENSTORED_PATH: store.socket };
  expect(await folder.xtl(['store', 'write', '/a/x', '1'], env)).toMatchObject({ exit: 0 });
});
afterAll(async () => {
  folder?.remove();
  await store?.stop();
});

/** The words of every command that takes `-o`, and how it exits on a machine without Xen. */
const printers: Readonly<Record<string, [words: string, exit: number]>> = {
  'vm create': ['vm create vm.cfg --dry-run', 0],
  'store ls': ['store ls -rp /a', 0],
  'xenstored status': ['xenstored status', 0],
  doctor: ['doctor', 5],
  explain: ['explain memory', 0],
};

/** Those that ask the hypervisor: run on a simulated one, bundled by the same settings. */
const needXen: Readonly<Record<string, string>> = {
  'vm list': 'vm list',
  'vm show': 'vm show web1',
  'disk list': 'disk list web1',
  'disk attach': 'disk attach web1 /a,raw,xvdb -n',
  'disk detach': 'disk detach web1 xvdb -n',
  'disk resize': 'disk resize web1 xvdb +1G -n',
  'disk move': 'disk move web1 xvda --to xtl -n',
  'disk insert': 'disk insert web1 xvdb /a -n',
  'disk eject': 'disk eject web1 xvdb -n',
  'net list': 'net list web1',
  'net attach': 'net attach web1 bridge=br0 -n',
  'net detach': 'net detach web1 0 -n',
};

test('every command that prints data has its row', () => {
  const printing = COMMANDS.filter(({ options }) =>
    options.some(({ flags }) => flags.includes('--output')),
  ).map(({ path }) => path.join(' '));
  expect([...Object.keys(printers), ...Object.keys(needXen)].toSorted()).toEqual(
    printing.toSorted(),
  );
});

describe.each(Object.values(printers))('xtl %s', (words, exit) => {
  test('prints a table, and the same data as JSON and as YAML', async () => {
    const env = { XENSTORED_PATH: store.socket };
    const run = async (format: string): Promise<string> => {
      const ran = await folder.xtl([...words.split(' '), '-o', format], env);
      expect([ran.exit, ran.stderr.split('\n').length]).toEqual([exit, exit === 0 ? 1 : 2]);
      return ran.stdout;
    };
    expect(await run('table')).not.toBe('');
    const json = await run('json');
    expect(parse(await run('yaml'))).toEqual(JSON.parse(json));
  });
});

test.each(Object.values(needXen))(
  'xtl %s prints the same data as JSON and as YAML',
  async (line) => {
    const machine = await simMachine();
    await machine.xtl('vm create vm.cfg -q');
    const table = await machine.xtl(line);
    expect(table).toMatchObject({ exit: 0, stderr: '' });
    const json = await machine.xtl(`${line} -o json`);
    const yaml = await machine.xtl(`${line} -o yaml`);
    expect(yaml).toMatchObject({ exit: 0, stderr: '' });
    expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
  },
);

const words: [words: string, exit: number, stderr: RegExp][] = [
  ['vm create folder', 1, /^xtl: folder: is a directory\n$/],
  ['vm create vm.cfg/x', 1, /^xtl: vm.cfg\/x: not a directory\n$/],
  ['vm create /dev/full', 1, /^xtl: \/dev\/full: is not a regular file\n$/],
  ['vm create loop', 1, /^xtl: loop: too many symbolic links\n$/],
  [
    'vm create vm.cfg kernel="loop" ramdisk="none"',
    1,
    /^xtl: kernel loop: too many .*; ramdisk none: no such file\n$/,
  ],
  ['store ls', 5, /^xtl: cannot reach xenstored at .*: no such file\n$/],
];

test.each([
  'xenstored restart',
  'xenstored start --stubdom --kernel k --memory 64',
  'vm list',
  'vm destroy 5',
])('xtl %s without Xen, or a right to it, ends with 5', async (line) => {
  const { exit, stdout, stderr } = await folder.xtl(line.split(' '));
  expect([exit, stdout]).toEqual([5, '']);
  expect(stderr).toMatch(/^xtl: .+\n$/);
});

test.each(words)(
  'xtl %s says why in words, not by the name of an errno',
  async (line, exit, why) => {
    symlinkSync('loop', join(folder.path, 'loop'));
    const ran = await folder.xtl(line.split(' '), { XENSTORED_PATH: join(folder.path, 'none') });
    rmSync(join(folder.path, 'loop'));
    expect(ran.stderr).toMatch(why);
    expect(ran.stderr).not.toMatch(/\bE[A-Z]{3,}\b/);
    expect(ran).toMatchObject({ exit, stdout: '' });
  },
);

test('a file of random bytes is refused in a few lines', async () => {
  const { exit, stdout, stderr } = await folder.xtl(['vm', 'create', 'random.cfg']);
  expect([exit, stdout]).toEqual([6, '']);
  expect(stderr.split('\n').length).toBeLessThan(100);
  expect(stderr).toMatch(/\n\.\.\. and \d+ errors.* more\nxtl: random.cfg: \d+ errors/);
});

test('README shows the words that the program says', async () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const found = /```\n(web\.cfg:3:10: error: .*\n {2}3 \| (memory = .*)\n.*\n)```/.exec(readme);
  const [, text = '', line = ''] = found ?? [];
  expect(line).not.toBe('');
  const web = folderWith({ 'web.cfg': `name = "web"\ntype = "pvh"\n${line}\nkernel = "/k"\n` });
  const { exit, stderr } = await web.xtl(['vm', 'create', 'web.cfg']);
  web.remove();
  expect([exit, stderr.slice(0, text.length)]).toEqual([6, text]);
});
