// @ts-check
// Debian packages that the tasks need on this machine; only missing ones are installed.
import { spawnSync } from 'node:child_process';
import { say } from './say.mjs';

const lab = [
  'debian-archive-keyring',
  'e2fsprogs',
  'openssh-client',
  'qemu-system-x86',
  'util-linux',
  'xz-utils',
  'zstd',
];
const compiler = ['gcc', 'libc6-dev'];
const relink = [...compiler, 'binutils', 'debian-archive-keyring', 'dpkg-dev', 'xz-utils'];

// Completion is tested in the shells themselves, disks with the programs that serve them, and
// networks in namespaces of their own.
const tests = ['iproute2', 'nbdkit', 'qemu-utils', 'zsh'];

/** @type {Record<string, string[]>} */
const needed = {
  start: lab,
  lab,
  bench: [...lab, ...relink],
  test: [...lab, ...relink, ...tests],
  'test:all': [...lab, ...relink, ...tests],
  relink,
  build: [],
};

/** Which of these packages are not installed. @type {(names: string[]) => string[]} */
export const missing = (names) => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own syntax
  const query = ['-W', '-f', '${db:Status-Status} ${Package}\\n', ...names];
  const { stdout, error } = spawnSync('dpkg-query', query, { encoding: 'utf8' });
  if (error) throw new Error('this is no Debian: dpkg-query is missing. Debian 12 or 13 is needed');
  const there = new Set(
    stdout
      .split('\n')
      .filter((line) => line.startsWith('installed '))
      .map((line) => line.slice('installed '.length)),
  );
  return names.filter((name) => !there.has(name));
};

/** Installs what the task lacks, through sudo when not root. @type {(task: string) => void} */
export const ensurePackages = (task) => {
  const names = missing(needed[task] ?? []);
  if (names.length === 0) return;
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-E'];
  const install = [
    ...['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=120', 'install', '-y'],
    ...['--no-install-recommends', ...names],
  ];
  const byHand = `install by hand: sudo apt-get install --no-install-recommends ${names.join(' ')}`;
  say(`installing Debian packages: ${names.join(' ')}`);
  for (const argv of [['apt-get', '-q', 'update'], install]) {
    const [command = '', ...args] = [...sudo, ...argv];
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const { status, error } = spawnSync(command, args, { stdio: ['inherit', 2, 2], env });
    if (error) throw new Error(`cannot run ${command} (${error.message}); ${byHand}`);
    // A failed update may be one broken source among good ones: the installation will tell.
    if (status !== 0 && argv === install)
      throw new Error(`apt-get ended with ${status}; ${byHand}`);
  }
};
