/** A process that holds root's rights is nobody's debugger: the built programs of dom0. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { must } from '../../shared/core/result.ts';
import { connectSocket } from '../../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient } from '../../shared/xenstore/client.ts';
import { type OwnXenstored, ownXenstored } from './own-xenstored.ts';
import { exitOf, tcpSockets, until, untilPidIn } from './process.ts';

const built = join(import.meta.dirname, '../../build/xtl');
const program = (name: string): string => join(built, name);

let own: OwnXenstored;
let dir: string;
const children: ChildProcess[] = [];
beforeAll(() => {
  own = ownXenstored();
});
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'xtl-debugger-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await own.kill();
  rmSync(dir, { recursive: true });
});
afterAll(() => own.stop());

/** Starts a built program and hears what it says. */
function start(words: readonly [string, ...string[]], env: NodeJS.ProcessEnv = {}) {
  const [path, ...rest] = words;
  const child = spawn(path, rest, {
    env: { ...own.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const heard = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    heard.out += data;
  });
  child.stderr.on('data', (data) => {
    heard.err += data;
  });
  return { child, heard };
}

/** Code that is required by whoever takes NODE_OPTIONS: it leaves a mark. */
function outside(): { readonly env: NodeJS.ProcessEnv; readonly marks: () => string[] } {
  const evil = join(dir, 'evil.cjs');
  const marked = join(dir, 'marks');
  mkdirSync(marked);
  writeFileSync(evil, `require('fs').writeFileSync('${marked}/' + process.pid, '')`);
  mkdirSync(join(dir, 'koffi'));
  writeFileSync(join(dir, 'koffi/index.js'), `require('${evil}')`);
  return {
    env: {
      NODE_OPTIONS: `--require=${evil} --inspect=127.0.0.1:0`,
      NODE_PATH: dir,
      NODE_V8_COVERAGE: marked,
      NODE_REDIRECT_WARNINGS: join(marked, 'warnings'),
    },
    marks: () => readdirSync(marked),
  };
}

/** Asks the daemon something, to see that it lives and has had its turn. */
async function asked(): Promise<string> {
  const store = createXenstoreClient(must(await connectSocket(own.socket)));
  const root = must(await store.directory('/'));
  store.close();
  return root.join();
}

describe('SIGUSR1', () => {
  it('opens no inspector in xenstored', async () => {
    const { child, heard } = start([program('xenstored'), '-N', '-D']);
    await until(
      () => heard.err.includes('serves'),
      () => heard,
    );
    child.kill('SIGUSR1');
    for (let i = 0; i < 20; i++) expect(await asked()).toBe('tool');
    expect(tcpSockets(child.pid as number)).toEqual([]);
    expect(heard.err).not.toContain('ebugger');
    expect(await exitOf(child, 'SIGTERM')).toBe(0);
  });

  it('opens none in the daemon in the background', async () => {
    const pidFile = join(dir, 'pid');
    const options = ['-D', '--pid-file', pidFile];
    const { status } = spawnSync(program('xenstored'), options, { env: own.env });
    expect(status).toBe(0);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    process.kill(pid, 'SIGUSR1');
    for (let i = 0; i < 20; i++) expect(await asked()).toBe('tool');
    expect(tcpSockets(pid)).toEqual([]);
  });

  it('opens none in xtl, and does not end it', async () => {
    await own.start();
    const { child, heard } = start([program('xtl'), 'store', 'watch', '/a', '--count', '3']);
    await until(
      () => heard.out === '/a\n',
      () => heard,
    );
    child.kill('SIGUSR1');
    const store = createXenstoreClient(must(await connectSocket(own.socket)));
    must(await store.write('/a', '1'));
    await until(
      () => heard.out === '/a\n/a\n',
      () => heard,
    );
    expect(tcpSockets(child.pid as number)).toEqual([]);
    must(await store.write('/a', '2'));
    expect(await exitOf(child)).toBe(0);
    expect(heard.err).toBe('');
    store.close();
  });

  it('is heard by the first statement of every file of dom0', () => {
    const files = [built, join(built, 'tools')].flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.mjs'))
        .map((name) => join(folder, name)),
    );
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      expect(readFileSync(file, 'utf8').slice(0, 90), file).toMatch(
        /^if\(!process\.listenerCount\('SIGUSR1'\)\)process\.on\('SIGUSR1',\(\)=>\{\}\);\n/,
      );
    }
  });
});

describe("the caller's variables for Node", () => {
  it('do nothing to xtl', async () => {
    const { env, marks } = outside();
    const { child, heard } = start([program('xtl'), '--version'], env);
    expect(await exitOf(child)).toBe(0);
    expect(heard.err).toBe('');
    expect(marks()).toEqual([]);
  });

  it.each([
    ['in the foreground', ['-N', '-D']],
    ['in the background', ['-D']],
  ])('do nothing to xenstored %s', async (_where, options) => {
    const { env, marks } = outside();
    const pidFile = join(dir, 'pid');
    const { heard } = start([program('xenstored'), ...options, '--pid-file', pidFile], env);
    await untilPidIn(pidFile);
    expect(await asked()).toBe('tool');
    const pid = Number(readFileSync(pidFile, 'utf8'));
    expect(tcpSockets(pid)).toEqual([]);
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('NODE_OPTIONS');
    expect(heard.err).not.toContain('ebugger');
    process.kill(pid, 'SIGTERM');
    await until(() => !existsSync(pidFile));
    expect(marks()).toEqual([]);
  });

  it('are taken away by every launcher in the same way', () => {
    const names = readdirSync(built).filter((name) => existsSync(program(`${name}.mjs`)));
    expect(names.sort()).toEqual(['blkback', 'keeper', 'lifecycle', 'netback', 'xenstored', 'xtl']);
    for (const name of names) {
      expect(statSync(program(name)).mode & 0o777).toBe(0o755);
      const text = readFileSync(program(name), 'utf8');
      expect(text).toBe(readFileSync(program('xtl'), 'utf8').replace('./xtl.mjs', `./${name}.mjs`));
    }
  });

  it('are those of this test: they do something to Node itself', async () => {
    const { env, marks } = outside();
    const { child, heard } = start([process.execPath, program('xtl.mjs'), '--version'], env);
    await exitOf(child);
    expect(heard.err).toContain('Debugger listening');
    expect(marks().length).toBeGreaterThan(1);
  });
});
