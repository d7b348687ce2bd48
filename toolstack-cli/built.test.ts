/** The built file itself, as a process: every format of every command that needs no hypervisor. */

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
    'vm.cfg':
      'name="web1"\ntype="pvh"\nkernel="k"\nmemory=64\nuuid="2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a"\n',
    k: makeElf(),
  });
  store = await ownXenstored();
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
