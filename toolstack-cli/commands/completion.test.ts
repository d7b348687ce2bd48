/** What the TAB key does in real shells, with names that would do harm if one evaluated them. */

import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnXenstored, ownXenstored } from '../../test/daemon/own-xenstored.ts';
import { type Folder, folderWith } from '../testing/built.ts';
import { hasShell, type Shell, TypingUser } from '../testing/shells.ts';

/** Some thirty processes each, on a machine that may be busy. */
const PATIENCE_MS = 300_000;

/** What each would leave behind, were it run. */
const HARM = 'harm-done';

/** Names of VMs; their first letters tell them apart. */
const NAMES = [
  'Domain-0',
  'web1',
  `a$(touch ${HARM})`,
  `b\`touch ${HARM}\``,
  `c;touch ${HARM}`,
  'd two words',
  "e it's",
  'f"q"',
  'g\\n*?[x]',
  `h|touch ${HARM}&`,
  'i:1=2',
  `j$HOME{1,2}~#!`,
  'Größe☃',
];

const FILES = [
  'vm.cfg',
  `A$(touch ${HARM}).cfg`,
  `B\`touch ${HARM}\`.cfg`,
  'D two words.cfg',
  "E it's.cfg",
  'F"q".cfg',
  'G\\n*?[x].cfg',
  'deep/down.cfg',
  'notes.txt',
  'x y/z.cfg',
  '.hidden.cfg',
  'odd/j=k.cfg',
  'odd/-i.cfg',
];

let folder: Folder;
let store: OwnXenstored;
let env: Readonly<Record<string, string>>;
beforeAll(async () => {
  folder = folderWith(Object.fromEntries(FILES.map((name) => [name, ''])));
  store = ownXenstored();
  await store.start();
  env = { XENSTORED_PATH: store.socket };
  const names = NAMES.flatMap((name, domid) => [`/local/domain/${domid}/name`, name]);
  const disks = ['xvda', 'xvdb'].flatMap((vdev, i) => [
    ...[`/libxl/1/device/vbd/${i}/dev`, vdev],
    ...[`/libxl/1/device/vbd/${i}/backend`, `/local/domain/0/backend/vbd/1/${i}`],
  ]);
  const vifs = [0, 5].flatMap((devid) => [
    ...[`/libxl/1/device/vif/${devid}/backend`, `/local/domain/0/backend/vif/1/${devid}`],
  ]);
  const words = [...names, ...disks, ...vifs];
  expect(await folder.xtl(['store', 'write', ...words], env)).toMatchObject({ exit: 0 });
});
afterAll(async () => {
  folder?.remove();
  await store?.stop();
});

/** The line as typed, TAB as \t; the words that xtl gets. All three shells have these quotes. */
const typed: [line: string, words: readonly string[]][] = [
  ['xtl vm unp\t', ['vm', 'unpause']],
  ['xtl vm shutdown --w\tw\t', ['vm', 'shutdown', '--wait', 'web1']],
  ['xtl vm list --output=y\t', ['vm', 'list', '--output=yaml']],
  ['xtl vm create vm\tvcp\t2', ['vm', 'create', 'vm.cfg', 'vcpus=2']],
  ['xtl vm create x\tz\t', ['vm', 'create', 'x y/z.cfg']],
  ['xtl vm create ~/v\t', ['vm', 'create', 'HOME/vm.cfg']],
  ["xtl vm show 'd t\t", ['vm', 'show', 'd two words']],
  ['xtl vm show "e i\t', ['vm', 'show', "e it's"]],
  ['xtl vm show d\\ t\t', ['vm', 'show', 'd two words']],
  ['xtl vm show i:1\t', ['vm', 'show', 'i:1=2']],
  ...NAMES.map((name): [string, string[]] => [
    `xtl vm show ${[...name][0]}\t`,
    ['vm', 'show', name],
  ]),
  ...FILES.slice(1, 7).map((name): [string, string[]] => [
    `xtl vm create ${name[0]}\t`,
    ['vm', 'create', name],
  ]),
];

const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish'];

test.concurrent.each(SHELLS)(
  '%s completes names as text and runs none',
  async (shell) => {
    if (!hasShell(shell)) {
      // Debian's fish brings Python and a manual's pages: too much for a test's set-up.
      console.warn(`NOT TESTED: there is no ${shell} here, so nobody knows whether it completes`);
      return;
    }
    const user = await TypingUser.at(shell, folder.path, env);
    const got: [string, readonly string[]][] = [];
    for (const [line] of typed) got.push([line, await user.words(`${line}\r`)]);
    user.end();
    const wanted = (word: string): string => word.replace(/^HOME/, folder.path);
    expect(got).toEqual(typed.map(([line, words]) => [line, words.map(wanted)]));
    expect(existsSync(join(folder.path, HARM))).toBe(false);
  },
  PATIENCE_MS,
);

/** What may follow, asked of xtl itself: the last word is the one that is being typed. */
const asked: [words: readonly string[], next: readonly string[]][] = [
  [['do'], ['doctor']],
  [['s'], ['store', 'shutdown']],
  [['--v'], ['--version']],
  [['help', 'vm', 'un'], ['unpause']],
  [['help', 'unp'], ['unpause']],
  [['vm', 'nonsense', ''], []],
  [['vm', 'destroy', 'w'], ['web1']],
  [['destroy', 'D'], ['Domain-0']],
  [
    ['vm', 'destroy', '-'],
    ['--force', '--quiet', '--help'],
  ],
  // One argument is all there is: only options are left.
  [
    ['vm', 'destroy', 'web1', ''],
    ['--force', '--quiet', '--help'],
  ],
  [
    ['vm', 'destroy', '-q', 'web1', ''],
    ['--force', '--help'],
  ],
  [['vm', 'shutdown', '--timeout', '9', '--w'], ['--wait']],
  [['vm', 'shutdown', '--timeout', ''], []],
  [['vm', 'shutdown', '-w', '--w'], []],
  [
    ['vm', 'list', '-o', ''],
    ['table', 'json', 'yaml'],
  ],
  [['vm', 'list', '--output=j'], ['--output=json']],
  [['disk', 'in'], ['insert']],
  [['disk', 'detach', 'we'], ['web1']],
  [
    ['disk', 'detach', 'web1', ''],
    ['xvda', 'xvdb'],
  ],
  [['cd-insert', '-q', '1', 'xvdb'], ['xvdb']],
  [['disk', 'resize', 'nobody', 'x'], []],
  [['disk', 'insert', 'web1', 'xvda', 'no'], ['notes.txt']],
  [
    ['network-detach', 'web1', ''],
    ['0', '5'],
  ],
  [
    ['net', 'detach', 'nobody', ''],
    ['--force', '--timeout', '--dry-run', '--output', '--quiet', '--help'],
  ],
  [
    ['net', 'attach', 'web1', 'mac=x', 'b'],
    ['bridge=', 'backend=', 'backendtype='],
  ],
  [['explain', 'memo'], ['memory']],
  [['completion', 'f'], ['fish']],
  [['vm', 'create', 'de'], ['deep/']],
  [['vm', 'create', 'deep/'], ['deep/down.cfg']],
  [['vm', 'create', 'no'], []],
  [['vm', 'create', 'odd/j=k.cfg', 'mem'], ['memory=']],
  [['vm', 'create', '-f', 'no'], ['notes.txt']],
  [['vm', 'create', '.h'], ['.hidden.cfg']],
  [['vm', 'create', 'vm.cfg', 'mem'], ['memory=']],
  [['vm', 'create', '-f', 'a=b.cfg', 'mem'], ['memory=']],
  [
    ['vm', 'create', 'vm.cfg', 'memory=5', 'm'],
    ['maxmem=', 'maxvcpus='],
  ],
  [
    ['vm', 'create', 'vm.cfg', 'type='],
    ['type="pv"', 'type="pvh"', 'type="hvm"'],
  ],
  [['vm', 'create', 'vm.cfg', 'vm'], []],
  [['store', 'read', '/local/domain/11/'], ['/local/domain/11/name']],
  [['store', 'read', '/local', '/lo'], []],
  [
    ['store', 'ls', ''],
    ['/tool', '/local', '/libxl'],
  ],
  [['xenstored', 'start', '--', '--'], []],
];

test(
  'xtl itself knows what may follow',
  async () => {
    const got: [readonly string[], readonly string[]][] = [];
    for (const [words] of asked) {
      const { exit, stdout, stderr } = await folder.xtl(['__complete', '--', ...words], env);
      expect([exit, stderr]).toEqual([0, '']);
      got.push([words, stdout.split('\n').slice(0, -1)]);
    }
    expect(got).toEqual(asked);
  },
  PATIENCE_MS,
);

test('without a xenstored, or with one that is mute, only names are missing', async () => {
  const gone = { XENSTORED_PATH: join(folder.path, 'no-socket') };
  expect(await folder.xtl(['__complete', '--', 'vm', 'show', ''], gone)).toEqual({
    exit: 0,
    stdout: '--output\n--help\n',
    stderr: '',
  });
  const mute = createServer();
  const path = join(folder.path, '.mute');
  await new Promise<void>((done) => mute.listen(path, done));
  const ran = await folder.xtl(['__complete', '--', 'vm', 'show', ''], { XENSTORED_PATH: path });
  expect(ran).toEqual({ exit: 0, stdout: '--output\n--help\n', stderr: '' });
  mute.close();
});

test('a file whose name is like a setting or an option is offered with its folder', async () => {
  const odd = folderWith({ 'j=k.cfg': '', '-i.cfg': '', 'vm.cfg': '' });
  const offered = async (word: string) =>
    (await odd.xtl(['__complete', '--', 'vm', 'create', word], env)).stdout;
  expect(await offered('')).toBe('./-i.cfg\n./j=k.cfg\nvm.cfg\n');
  expect(await offered('j')).toBe('');
  expect(await offered('./j')).toBe('./j=k.cfg\n');
  odd.remove();
});
