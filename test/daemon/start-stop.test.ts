/** Who serves, and what is left: starts that fail, starts at once, stops beside another. */

import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answers, type OwnXenstored, ownXenstored } from './own-xenstored.ts';
import { exitOf, until, untilPidIn } from './process.ts';

let own: OwnXenstored;
beforeAll(() => {
  own = ownXenstored();
});
afterEach(async () => {
  await own.kill();
  for (const name of left()) rmSync(join(own.dir, name), { recursive: true });
});
afterAll(() => own.stop());

/** Whether somebody listens there. */
function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** What is in its folder. */
function left(): string[] {
  return readdirSync(own.dir);
}

interface Ended {
  readonly code: number | null;
  readonly err: string;
}

/** Runs it to its end, or to its being in the background. */
function run(options: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const [node, program] = own.command;
  const child = spawn(node, [program as string, '-D', ...options], {
    env: { ...own.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 20_000,
  });
  let err = '';
  child.stderr.on('data', (data) => {
    err += data;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, err })));
}

describe('a start that fails: status 1, a line that says why, nothing left', () => {
  const at = (...names: string[]): string => join(own.dir, ...names);
  const none = (): void => {};
  const rows: [string, () => string[], () => NodeJS.ProcessEnv, () => void, RegExp][] = [
    [
      'a pid file in no folder',
      () => ['-F', at('none/pid')],
      () => ({}),
      none,
      /cannot write the pid file \S+\/none\/pid: there is no such folder/,
    ],
    [
      'a pid file that is a folder',
      () => ['-F', at('folder')],
      () => ({}),
      () => mkdirSync(at('folder')),
      /cannot write the pid file \S+\/folder: is a directory/,
    ],
    [
      'a pid file on a full disk',
      () => ['-F', '/dev/full'],
      () => ({}),
      none,
      /cannot write the pid file \/dev\/full: no space left/,
    ],
    [
      'a new run directory, and a pid file on a full disk',
      () => ['-F', '/dev/full', '-T', at('trace')],
      () => ({ XENSTORED_RUNDIR: at('run') }),
      none,
      /cannot write the pid file/,
    ],
    [
      'a new run directory whose name is too long for a socket',
      () => [],
      () => ({ XENSTORED_RUNDIR: at('x'.repeat(200)) }),
      none,
      /the path \S+ is too long/,
    ],
    [
      'a new run directory whose name is too long for a lock beside a socket',
      () => [],
      () => ({ XENSTORED_RUNDIR: at('long').padStart(4090, '/') }),
      none,
      /too long/,
    ],
    [
      'a run directory in no folder',
      () => [],
      () => ({ XENSTORED_RUNDIR: at('none/run') }),
      none,
      /cannot make the folder \S+\/none\/run: there is no such folder/,
    ],
    [
      'a run directory under /proc',
      () => [],
      () => ({ XENSTORED_RUNDIR: '/proc/none/run' }),
      none,
      /cannot make the folder \/proc\/none\/run: there is no such folder/,
    ],
    [
      'a run directory that is a file',
      () => [],
      () => ({ XENSTORED_RUNDIR: at('file') }),
      () => writeFileSync(at('file'), 'mine'),
      /cannot lock \S+\/file\/socket\.lock/,
    ],
    [
      'a socket in no folder',
      () => [],
      () => ({ XENSTORED_PATH: at('none/socket') }),
      none,
      /cannot lock \S+\/none\/socket\.lock/,
    ],
    [
      'a file where the socket should be',
      () => [],
      () => ({}),
      () => writeFileSync(at('socket'), 'mine'),
      /socket is there and is no socket/,
    ],
  ];
  for (const [way, more] of [
    ['in the foreground', ['-N']],
    ['in the background', []],
  ] as const) {
    it.each(rows)(`${way}: %s`, async (_what, options, env, prepare, why) => {
      prepare();
      const before = left();
      const { code, err } = await run([...more, ...options()], env());
      expect({ code, err }).toMatchObject({ code: 1, err: expect.stringMatching(why) });
      expect(err).not.toMatch(/\n\s+at /);
      expect(err.trimEnd().split('\n')).toHaveLength(1);
      expect(left().filter((name) => name !== 'log')).toEqual(before);
    });
  }
});

describe('a stop beside another', () => {
  it('leaves the socket and the pid file of whoever took them over', async () => {
    const pidFile = join(own.dir, 'pid');
    const child = await own.start('-F', pidFile);
    // It answers a moment before it is all there.
    await untilPidIn(pidFile);
    expect(statSync(pidFile).mode & 0o777).toBe(0o600);
    // As C xenstored does it: it removes whatever is there.
    rmSync(own.socket);
    const other = createServer().listen(own.socket);
    await until(() => listens(own.socket));
    writeFileSync(pidFile, '1\n');
    expect(await exitOf(child, 'SIGTERM')).toBe(0);
    expect(left().sort()).toEqual(['pid', 'socket']);
    expect(await listens(own.socket)).toBe(true);
    other.close();
  });

  it('removes no device that was named as its pid file', async () => {
    const device = join(own.dir, 'device');
    symlinkSync('/dev/null', device);
    const child = await own.start('-F', device);
    expect(await exitOf(child, 'SIGTERM')).toBe(0);
    expect(left()).toEqual(['device']);
  });

  it('removes all that is ours', async () => {
    const child = await own.start('-F', join(own.dir, 'pid'), '-T', join(own.dir, 'trace'));
    await until(() => ['pid', 'trace'].every((name) => left().includes(name)));
    await untilPidIn(join(own.dir, 'pid'));
    expect(left().sort()).toEqual(['pid', 'socket', 'socket.lock', 'socket.trace', 'trace']);
    expect(await exitOf(child, 'SIGTERM')).toBe(0);
    expect(left()).toEqual(['trace']);
  });
});

describe('starts at once', () => {
  it('that all fail take no folder from under each other', async () => {
    const fails = (): Promise<Ended> =>
      run(['-N', '-F', '/dev/full'], { XENSTORED_RUNDIR: join(own.dir, 'run') });
    for (const { code, err } of await Promise.all(Array.from({ length: 6 }, fails))) {
      expect(code).toBe(1);
      expect(err).toMatch(/another xenstored runs|cannot write the pid file/);
    }
    // Nothing but the folder, which who came last may have found there.
    expect(left().flatMap((name) => readdirSync(join(own.dir, name)))).toEqual([]);
  });

  it('one serves, the others leave it alone, where a killed one left its sockets', async () => {
    for (let round = 0; round < 3; round++) {
      const old = await own.start();
      await exitOf(old, 'SIGKILL');
      expect(left()).toContain(basename(own.socket));
      const runs = Array.from({ length: 6 }, (_, i) => run(['-F', join(own.dir, `pid${i}`)]));
      const ended = await Promise.all(runs);
      const codes = ended.map(({ code }) => code).sort();
      expect(codes, JSON.stringify(ended)).toEqual([0, 1, 1, 1, 1, 1]);
      for (const { code, err } of ended) {
        if (code !== 0)
          expect(err).toMatch(/^xenstored: (another xenstored runs|somebody listens)/);
      }
      const pids = left().filter((name) => name.startsWith('pid'));
      expect(pids).toHaveLength(1);
      expect(await answers(own.socket)).toBe(true);
      expect(await listens(`${own.socket}.trace`)).toBe(true);
      const pid = Number(readFileSync(join(own.dir, pids[0] as string), 'utf8'));
      process.kill(pid, 'SIGTERM');
      await until(() => !existsSync(`/proc/${pid}`) && !existsSync(own.socket));
    }
  }, 240_000);
});
