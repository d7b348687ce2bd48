/** Signals held back by a process, and what it dies of. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'xtl-signals-'));
const program = join(dir, 'holder.mjs');

/** Holds signals back until its input ends, then dies of what came, if anything did. */
const HOLDER = `
import { dieOf, holdSignals } from './shared/platform/unix/held-signals.ts';
const signals = holdSignals(() => console.log('second'));
signals.whenFirst((signal) => console.log('first', signal));
console.log('held');
for await (const _ of process.stdin);
const signal = await signals.came();
signals.release();
if (signal !== undefined) dieOf(signal);
`;

beforeAll(async () => {
  const stdin = { contents: HOLDER, resolveDir: root, loader: 'ts' as const };
  await build({ stdin, outfile: program, bundle: true, format: 'esm', platform: 'node' });
});
afterAll(() => rmSync(dir, { recursive: true }));

interface Holder {
  readonly child: ChildProcess & { readonly pid: number };
  text(): string;
  says(text: string): Promise<void>;
  ended(): Promise<readonly [number | null, string | null]>;
}

async function holder(): Promise<Holder> {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (data) => {
    text += data;
  });
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  const says = async (wanted: string): Promise<void> => {
    while (!text.includes(wanted)) await sleep(5);
  };
  await says('held');
  return { child: child as Holder['child'], text: () => text, says, ended: () => ended };
}

it.each(['SIGHUP', 'SIGINT', 'SIGTERM'] as const)(
  '%s waits, and is what it dies of',
  async (signal) => {
    const { child, says, ended } = await holder();
    child.kill(signal);
    await says(`first ${signal}`);
    child.stdin?.end();
    expect(await ended()).toEqual([null, signal]);
  },
);

it('without a signal nothing happens', async () => {
  const { child, text, ended } = await holder();
  child.stdin?.end();
  expect(await ended()).toEqual([0, null]);
  expect(text()).toBe('held\n');
});

it('signals in quick succession are one', async () => {
  const { child, text, says, ended } = await holder();
  for (const signal of ['SIGHUP', 'SIGHUP', 'SIGTERM', 'SIGINT', 'SIGINT'] as const) {
    child.kill(signal);
  }
  await says('first');
  await sleep(50);
  child.stdin?.end();
  expect(await ended()).toEqual([null, expect.stringMatching(/^SIG(HUP|TERM|INT)$/)]);
  expect(text()).not.toContain('second');
});

it('a second Ctrl-C ends it at once', async () => {
  const { child, text, says, ended } = await holder();
  child.kill('SIGINT');
  await says('first SIGINT');
  await sleep(600);
  child.kill('SIGINT');
  expect(await ended()).toEqual([null, 'SIGINT']);
  expect(text()).toContain('second');
});
