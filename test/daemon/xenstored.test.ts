/** The process around the store: its command line, its files, its signals, and the background. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { must } from '../../shared/core/result.ts';
import { connectSocket } from '../../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient, type XenstoreClient } from '../../shared/xenstore/client.ts';
import { type OwnXenstored, ownXenstored } from './own-xenstored.ts';
import { exitOf, until } from './process.ts';

let own: OwnXenstored;
const clients: XenstoreClient[] = [];

beforeAll(() => {
  own = ownXenstored();
});

afterEach(() => own.kill());
afterAll(async () => {
  for (const client of clients) client.close();
  await own.stop();
});

async function client(): Promise<XenstoreClient> {
  const made = createXenstoreClient(must(await connectSocket(own.socket)));
  clients.push(made);
  return made;
}

/** Runs it to its end. */
function run(...options: readonly string[]) {
  const [node, program] = own.command;
  const done = spawnSync(node, [program as string, ...options], {
    env: own.env,
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

it('explains its options, and refuses wrong ones', () => {
  expect(run('--help')).toMatchObject({ code: 0, err: '' });
  expect(run('--help').out).toContain('--pid-file FILE');
  expect(run('--frobnicate')).toEqual({
    code: 1,
    out: '',
    err: 'xenstored: unknown option --frobnicate\n',
  });
});

it('serves in the foreground, writes its pid, traces, and ends cleanly', async () => {
  const pidFile = join(own.dir, 'pid');
  const traceFile = join(own.dir, 'trace.log');
  const child = await own.start('--pid-file', pidFile, '-T', traceFile, '-E', '5', '-I');
  const store = await client();
  must(await store.write('/a/b', 'value'));
  expect(must(await store.readString('/a/b'))).toBe('value');
  expect(must(await store.directory('/'))).toEqual(['tool', 'a']);
  expect(must(await store.control('quota'))).toContain('nodes            :        5');
  expect(readFileSync(pidFile, 'utf8')).toBe(`${child.pid}\n`);
  expect(statSync(own.socket).mode & 0o777).toBe(0o600);
  const trace = readFileSync(traceFile, 'utf8');
  expect(trace).toMatch(/^IN s\d+ \d{8} \d\d:\d\d:\d\d WRITE \(\/a\/b value\)$/m);
  expect(trace).toMatch(/^OUT s\d+ \d{8} \d\d:\d\d:\d\d READ \(value\)$/m);
  // As logrotate does it.
  renameSync(traceFile, `${traceFile}.1`);
  child.kill('SIGHUP');
  await until(() => existsSync(traceFile));
  must(await store.write('/after', 'rotation'));
  await until(() => readFileSync(traceFile, 'utf8').includes('/after rotation'));
  expect(readFileSync(`${traceFile}.1`, 'utf8')).not.toContain('rotation');
  expect(await exitOf(child, 'SIGTERM')).toBe(0);
  expect([existsSync(own.socket), existsSync(pidFile)]).toEqual([false, false]);
});

it('shows the traffic, its memory and a line in its log when it is told to', async () => {
  const child = await own.start();
  const store = await client();
  const file = join(own.dir, 'later');
  const refused = await store.control('memreport');
  expect(refused).toMatchObject({ ok: false, error: { errno: 'EINVAL' } });
  must(await store.control('logfile', file));
  must(await store.write('/seen', ''));
  must(await store.control('log', 'off'));
  must(await store.write('/unseen', ''));
  const trace = readFileSync(file, 'utf8');
  expect(trace).toContain('WRITE (/seen )');
  expect(trace).not.toContain('unseen');
  must(await store.control('memreport', file));
  expect(readFileSync(file, 'utf8')).toMatch(/^rss +\d+$/m);
  expect(readFileSync(file, 'utf8')).toMatch(/^domain 0: \d+ nodes/m);
  must(await store.control('check'));
  expect(await exitOf(child, 'SIGTERM')).toBe(0);
});

it('shows its traffic to whoever connects beside its socket, as long as they do', async () => {
  const child = await own.start();
  const store = await client();
  const traffic = must(await connectSocket(`${own.socket}.trace`));
  let seen = '';
  traffic.receive(
    (bytes) => {
      seen += Buffer.from(bytes).toString('latin1');
    },
    () => {},
  );
  await until(() => {
    void store.read('/tool');
    return seen.includes('READ (/tool )');
  });
  must(await store.write('/x', 'a\nb'));
  await until(() => /^IN s\d+ [\d: ]+ WRITE \(\/x a\\x0ab\)$/m.test(seen));
  await until(() => /^OUT s\d+ [\d: ]+ WRITE \(OK \)$/m.test(seen));
  expect(statSync(`${own.socket}.trace`).mode & 0o777).toBe(0o600);
  traffic.close();
  expect(await exitOf(child, 'SIGTERM')).toBe(0);
  expect(existsSync(`${own.socket}.trace`)).toBe(false);
});

it('goes into the background once it serves, and says so to whoever waits', async () => {
  const pidFile = join(own.dir, 'pid');
  const started = run('-D', '--pid-file', pidFile, '-P');
  expect(started).toMatchObject({ code: 0, err: '' });
  const pid = Number(readFileSync(pidFile, 'utf8'));
  expect(Number(started.out)).toBe(pid);
  expect(must(await (await client()).readString('/tool'))).toBe('');
  // A second one leaves the first alone.
  const second = run('-D');
  expect(second.code).toBe(1);
  expect(second.err).toMatch(/^xenstored: another xenstored runs: .* process \d+\n$/);
  expect(must(await (await client()).readString('/tool'))).toBe('');
  const log = join(own.dir, 'log');
  expect(readFileSync(log, 'utf8')).toContain('without domains');
  // Its own log is opened anew as the trace is.
  renameSync(log, `${log}.1`);
  process.kill(pid, 'SIGHUP');
  await until(() => existsSync(log));
  process.kill(pid, 'SIGTERM');
  await until(() => !existsSync(own.socket));
});

it('says what is missing on a machine without Xen', () => {
  const { code, err } = run('-N');
  expect(code).toBe(1);
  expect(err).toContain('no Xen on this machine');
  expect(existsSync(own.socket)).toBe(false);
});
