/** Standard output that takes nothing, as whoever starts the daemon may leave it. */

import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answers, type OwnXenstored, ownXenstored } from './own-xenstored.ts';
import { exitOf, until } from './process.ts';

let own: OwnXenstored;
beforeAll(() => {
  own = ownXenstored();
});
afterEach(() => own.kill());
afterAll(() => own.stop());

/** The end of a pipe for writing, and how to leave it to a child without any reader. */
function pipe(): [number, () => void] {
  const path = join(own.dir, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  rmSync(path);
  return [
    writer,
    () => {
      closeSync(reader);
      closeSync(writer);
    },
  ];
}

function fullDisk(): [number, () => void] {
  const fd = openSync('/dev/full', 'w');
  return [fd, () => closeSync(fd)];
}

const places = [
  ['a full disk', fullDisk],
  ['a pipe that nobody reads', pipe],
] as const;

/** Runs it to its end, or to its being in the background. */
async function run(stdout: number, ...options: readonly string[]) {
  const [node, program] = own.command;
  const child = spawn(node, [program as string, ...options], {
    env: own.env,
    stdio: ['ignore', stdout, 'pipe'],
  });
  let err = '';
  child.stderr?.on('data', (data) => {
    err += data;
  });
  const closed = new Promise((resolve) => child.on('close', resolve));
  return { closed, said: async () => ({ code: await closed, err }) };
}

describe('-P, where the process id cannot be printed', () => {
  it.each(places)('serves in the foreground all the same: %s', async (_what, open) => {
    const [stdout, leave] = open();
    const starting = own.startWith({ stdout }, '-P', '-F', join(own.dir, 'pid'));
    leave();
    const child = await starting;
    await until(() => own.said(child).includes('serves'));
    // What Node tells of a failed write comes a turn later.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await answers(own.socket)).toBe(true);
    expect(await exitOf(child, 'SIGTERM')).toBe(0);
    expect(own.said(child)).not.toContain('rror');
    expect(readdirSync(own.dir)).toEqual([]);
  });

  it.each(places)('serves in the background all the same: %s', async (_what, open) => {
    const [stdout, leave] = open();
    const started = await run(stdout, '-D', '-P');
    leave();
    expect(await started.said()).toEqual({ code: 0, err: '' });
    expect(await answers(own.socket)).toBe(true);
    await own.kill();
    for (const name of readdirSync(own.dir)) rmSync(join(own.dir, name));
  });
});

describe('--help', () => {
  it.each([
    ...places.slice(1).map(([what, open]) => [what, open, 0, ''] as const),
    [
      'a full disk',
      fullDisk,
      1,
      'xenstored: cannot write to standard output: no space left\n',
    ] as const,
  ])('ends plainly: %s', async (_what, open, code, err) => {
    const [stdout, leave] = open();
    const helped = await run(stdout, '--help');
    leave();
    expect(await helped.said()).toEqual({ code, err });
  });
});
