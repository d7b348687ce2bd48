/** The daemon's log and trace: how they are made, and that nothing about them ends the daemon. */

import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../../shared/core/result.ts';
import { connectSocket } from '../../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient, type XenstoreClient } from '../../shared/xenstore/client.ts';
import { type OwnXenstored, ownXenstored } from './own-xenstored.ts';
import { descriptors, exitOf, until } from './process.ts';

let own: OwnXenstored;
let store: XenstoreClient;
let logs: string;
let trace: string;

beforeAll(() => {
  own = ownXenstored();
  logs = join(own.dir, 'logs');
  trace = join(logs, 'trace');
});
afterEach(async () => {
  store?.close();
  await own.kill();
  rmSync(logs, { recursive: true, force: true });
});
afterAll(async () => {
  await own.stop();
  expect(existsSync('/nowhere'), 'a folder of a mistaken path was made').toBe(false);
});

async function started(...options: readonly string[]): Promise<ChildProcess> {
  const child = await own.start(...options);
  store = createXenstoreClient(must(await connectSocket(own.socket)));
  // Connected is not accepted.
  must(await store.directory('/'));
  return child;
}

/** Its soft limit of descriptors: below what is open, none can be opened. */
function limitDescriptors(pid: number, limit: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`]);
}

describe('SIGHUP, where the trace cannot be opened anew', () => {
  const rows: [string, (pid: number) => void, (pid: number) => void][] = [
    ['its folder is gone', () => renameSync(logs, `${logs}.1`), () => mkdirSync(logs)],
    [
      'a file stands where its folder was',
      () => {
        renameSync(logs, `${logs}.1`);
        execFileSync('touch', [logs]);
      },
      () => {
        rmSync(logs);
        mkdirSync(logs);
      },
    ],
    [
      'there are no descriptors left',
      (pid) => {
        renameSync(logs, `${logs}.1`);
        mkdirSync(logs);
        limitDescriptors(pid, 1);
      },
      (pid) => limitDescriptors(pid, 1024),
    ],
  ];
  it.each(rows)('%s: says so and writes on in the old one', async (_what, spoil, mend) => {
    rmSync(`${logs}.1`, { recursive: true, force: true });
    mkdirSync(logs);
    const child = await started('-T', trace);
    const pid = child.pid as number;
    spoil(pid);
    child.kill('SIGHUP');
    await until(() => own.said(child).includes('cannot open') || child.exitCode !== null);
    expect(child.exitCode, own.said(child)).toBeNull();
    must(await store.write('/in-the-old', ''));
    expect(readFileSync(`${logs}.1/trace`, 'utf8')).toContain('/in-the-old');
    mend(pid);
    child.kill('SIGHUP');
    await until(() => existsSync(trace));
    must(await store.write('/in-the-new', ''));
    await until(() => readFileSync(trace, 'utf8').includes('/in-the-new'));
    expect(await exitOf(child, 'SIGTERM')).toBe(0);
  });
});

it('writes on in its old log where that cannot be opened anew', async () => {
  const [node, program] = own.command;
  mkdirSync(logs);
  const log = join(logs, 'log');
  const pidFile = join(own.dir, 'pid');
  const env = { ...own.env, XENSTORED_LOG: log };
  const words = [program as string, '-D', '--pid-file', pidFile];
  expect(spawnSync(node, words, { env, encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  });
  const pid = Number(readFileSync(pidFile, 'utf8'));
  expect(statSync(log).mode & 0o777).toBe(0o600);
  renameSync(logs, `${logs}.2`);
  process.kill(pid, 'SIGHUP');
  const old = `${logs}.2/log`;
  await until(() => readFileSync(old, 'utf8').includes('cannot open'));
  store = createXenstoreClient(must(await connectSocket(own.socket)));
  mkdirSync(logs);
  process.kill(pid, 'SIGHUP');
  await until(() => existsSync(log));
  must(await store.control('print', 'to the new one'));
  expect(readFileSync(log, 'utf8')).toContain('to the new one');
  process.kill(pid, 'SIGTERM');
  await until(() => !existsSync(own.socket));
});

describe('CONTROL logfile', () => {
  const bad: [string, () => string, () => void][] = [
    ['a folder that is not there', () => join(own.dir, 'typo/trace'), () => {}],
    ['a place under /proc', () => '/proc/nope/x', () => {}],
    ['a folder', () => own.dir, () => {}],
    [
      'a pipe that nobody reads',
      () => join(logs, 'pipe'),
      () => execFileSync('mkfifo', [join(logs, 'pipe')]),
    ],
    ['a socket', () => own.socket, () => {}],
  ];
  it.each(bad)('is refused for %s, and the old trace goes on', async (_what, path, prepare) => {
    mkdirSync(logs);
    prepare();
    const child = await started('-T', trace);
    const answer = await store.control('logfile', path());
    expect(answer).toMatchObject({ ok: false });
    expect(existsSync(join(own.dir, 'typo'))).toBe(false);
    must(await store.write('/seen', ''));
    expect(readFileSync(trace, 'utf8')).toContain('WRITE (/seen');
    expect(await exitOf(child, 'SIGTERM')).toBe(0);
  });

  it('changes the file, for its owner alone, and holds no other', async () => {
    mkdirSync(logs);
    const child = await started('-T', trace);
    expect(statSync(trace).mode & 0o777).toBe(0o600);
    const next = join(logs, 'next');
    const report = join(logs, 'report');
    must(await store.control('logfile', next));
    must(await store.control('memreport', report));
    expect(statSync(next).mode & 0o777).toBe(0o600);
    expect(statSync(report).mode & 0o777).toBe(0o600);
    const held = descriptors(child.pid as number);
    expect(held).toContain(next);
    expect(held).not.toContain(trace);
    expect(await exitOf(child, 'SIGTERM')).toBe(0);
  });
});

describe('a path at the start with a mistake', () => {
  it.each([
    ['a trace under /proc', ['-T', '/proc/nope/x']],
    ['a trace in no folder', ['-T', join('/', 'nowhere', 'at', 'all')]],
  ])('%s: the store is served, and the log says it', async (_what, options) => {
    const child = await started(...options);
    must(await store.write('/a', ''));
    await until(() => own.said(child).includes(`cannot open ${options[1]}`));
    expect(await exitOf(child, 'SIGTERM')).toBe(0);
    expect(existsSync(dirname(options[1] as string))).toBe(false);
  });

  it.each(['/proc/nope/log', '/nowhere/at/all'])(
    'its log at %s: the store is served, and whoever starts it is told',
    async (log) => {
      const [node, program] = own.command;
      const pidFile = join(own.dir, 'pid');
      const env = { ...own.env, XENSTORED_LOG: log };
      const words = [program as string, '-D', '--pid-file', pidFile];
      const { status, stderr } = spawnSync(node, words, { env, encoding: 'utf8', timeout: 20_000 });
      expect({ status, stderr }).toMatchObject({ status: 0 });
      expect(stderr).toMatch(new RegExp(`^xenstored: cannot open ${log}: .*\n$`));
      process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM');
      await until(() => !existsSync(own.socket));
    },
  );
});

describe('a standard error that nobody reads: the store goes on, and says what was dropped', () => {
  const line = 'x'.repeat(200);
  /** Far more lines than there is room for. */
  const flood = async (): Promise<void> => {
    store = createXenstoreClient(must(await connectSocket(own.socket)));
    for (let i = 0; i < 2000; i++) must(await store.control('print', `${i} ${line}`));
  };
  /** Lets it speak until it has said how many were dropped, and counts. */
  const expectAll = async (said: () => string): Promise<void> => {
    await until(async () => {
      must(await store.control('print', 'read again'));
      return said().includes('read again');
    });
    const [, dropped] = /"msg":"(\d+) lines dropped"/.exec(said()) ?? [];
    const shown = said()
      .split('\n')
      .filter((each) => each.includes(line)).length;
    expect(shown + Number(dropped)).toBeGreaterThanOrEqual(2000);
  };

  it('a socket, as of a journal', async () => {
    const child = await own.start();
    await until(() => own.said(child).includes('serves'));
    child.stderr?.pause();
    await flood();
    child.stderr?.resume();
    await expectAll(() => own.said(child));
  });

  it('a pipe', async () => {
    mkdirSync(logs);
    const pipe = join(logs, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const both = openSync(pipe, constants.O_RDWR);
    const end = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    await own.startWith({ stderr: both });
    await flood();
    let text = '';
    await expectAll(() => {
      const into = Buffer.alloc(1 << 17);
      try {
        text += into.toString('latin1', 0, readSync(end, into));
      } catch {
        // There is nothing.
      }
      return text;
    });
    closeSync(both);
    closeSync(end);
  });
});

describe('a trace on a full disk', () => {
  it('drops its lines, keeps no descriptor, and the store goes on', async () => {
    const child = await started();
    const pid = child.pid as number;
    for (let i = 0; i < 20; i++) {
      must(await store.control('logfile', '/dev/full'));
      for (let k = 0; k < 10; k++) must(await store.read('/tool'));
      must(await store.control('log', 'off'));
    }
    expect(descriptors(pid).filter((path) => path === '/dev/full')).toEqual([]);
    expect(await exitOf(child, 'SIGTERM')).toBe(0);
  });
});
