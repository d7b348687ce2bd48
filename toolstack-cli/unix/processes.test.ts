/** Processes found by their names, and which of two was there first. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { processesNamed } from './processes.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A process that has given itself a name, and said so. */
async function named(name: string): Promise<number> {
  const title = `process.title = ${JSON.stringify(name)}`;
  const program = `${title}; console.log(); setInterval(() => {}, 1e6)`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child.pid as number;
}

test.each(['xtl) test (', 'xtl-of-more-than-15-bytes'])(
  '%j is found, the older first',
  async (name) => {
    const [first, second] = [await named(name), await named(name)];
    const found = processesNamed('nobody', name);
    const started = (pid: number) => found.find((each) => each.pid === pid)?.startedTicks;
    expect(found).toHaveLength(2);
    expect(started(second)).toBeGreaterThan(started(first) as number);
    expect(processesNamed('nobody')).toEqual([]);
  },
);
