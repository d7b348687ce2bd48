// Lets one process at a time into the cache, by flock(1): the lock goes with the process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

const patienceMs = 1000;

/** Runs `work` while this process holds the lock; `waiting` is called when another one has it. */
export const withLock = async <T>(
  path: string,
  waiting: () => void,
  work: () => Promise<T>,
): Promise<T> => {
  closeSync(openSync(path, 'a'));
  const holder = spawn('flock', [path, 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const timer = setTimeout(waiting, patienceMs);
  try {
    await Promise.race([
      once(holder.stdout, 'data'),
      once(holder, 'exit').then(() => {
        throw new Error(`cannot lock ${path}`);
      }),
    ]);
    clearTimeout(timer);
    return await work();
  } finally {
    clearTimeout(timer);
    holder.stdin.end();
  }
};
