/** Processes found by their names, and which of two was there first. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { isRoots, processesNamed } from './processes.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Somebody who may do nothing. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** A process that has given itself a name, and said so. */
async function named(name: string, uid?: number): Promise<number> {
  const title = `process.title = ${JSON.stringify(name)}`;
  const program = `${title}; console.log(); setInterval(() => {}, 1e6)`;
  const child = spawn(process.execPath, ['-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
    ...(uid !== undefined && isRoot && { uid, gid: uid }),
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child.pid as number;
}

test.each([
  ['Uid:\t0\t0\t0\t0', true],
  ['Name:\txenstored\nUid:\t0\t0\t0\t0\nGid:\t5\t5\t5\t5', true],
  ['Uid:\t65534\t65534\t65534\t65534', false],
  ['Uid:\t1000\t0\t0\t0', false],
  ['Uid:\t0\t0\t0\t1000', false],
  ['', false],
])('of the status %j: root’s is %j', (status, expected) => {
  expect(isRoots(status)).toBe(expected);
});

test('somebody else’s is not found, whatever its name', async () => {
  await named('xtl-of-nobody', NOBODY);
  expect(processesNamed('xtl-of-nobody')).toEqual([]);
});

test.each(['xtl) test (', 'xtl-of-more-than-15-bytes'])(
  '%j is found, the older first',
  async (name) => {
    const [first, second] = [await named(name), await named(name)];
    const found = processesNamed('nobody', name);
    const started = (pid: number) => found.find((each) => each.pid === pid)?.startedTicks;
    expect(found).toHaveLength(isRoot ? 2 : 0);
    if (isRoot) expect(started(second)).toBeGreaterThan(started(first) as number);
    expect(processesNamed('nobody')).toEqual([]);
  },
);
