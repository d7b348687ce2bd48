/** Two worker threads, each an end of a vchan, that take turns by seed. */

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';
import { comeIn, fillHeader, pagesFor, viewOf } from './ends.ts';
import { ORDERS, SLOT, type Task } from './turns.ts';

export interface Pair {
  /** What both ends say: `ok`, or what went wrong. */
  run(task: Task): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function openPair(): Promise<Pair> {
  const entry = join(import.meta.dirname, 'interleave.main.ts');
  const bundled = await build({
    ...{ entryPoints: [entry], bundle: true, write: false },
    ...{ format: 'cjs', platform: 'node' },
  });
  const code = bundled.outputFiles[0]?.text ?? '';
  const memory = new SharedArrayBuffer(pagesFor(ORDERS) * PAGE_SIZE);
  const baton = new Int32Array(new SharedArrayBuffer(64));
  const workers = [0, 1].map(
    (self) => new Worker(code, { eval: true, workerData: { memory, baton, self } }),
  );
  const outcome = (worker: Worker): Promise<string> =>
    new Promise((resolve, reject) => {
      worker.removeAllListeners();
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  return {
    run: async (task) => {
      baton.fill(0);
      baton[SLOT.random] = Math.imul(task.seed + 1, 0x9e3779b1) | 1;
      baton[SLOT.rarity] = task.rarity;
      baton[SLOT.isOn] = 1;
      const control = viewOf(memory, 0, 1);
      control.bytes.fill(0);
      fillHeader(control, ORDERS, task.start);
      comeIn(control);
      const outcomes = workers.map(outcome);
      for (const worker of workers) worker.postMessage(task);
      return Promise.all(outcomes);
    },
    close: async () => {
      for (const worker of workers) await worker.terminate();
    },
  };
}
