// `adopt`: how long a block backend takes to go on with disks whose backend has died, on the
// simulated host: what our code costs, without the kernel's and the store's own time.
import { openAdoption } from '../sim/blk/adoption-scene.ts';
import { median, type Report, type Row } from './rows.ts';

const ROUNDS = 30;
/** Before engines have seen the code, which those of stub domains never do better. */
const WARM_UP = 5;

/** Milliseconds from the process's first step to when the last of its disks is served. */
async function timesOf(disks: number): Promise<readonly number[]> {
  const scene = await openAdoption(disks, 1);
  const times: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const began = performance.now();
    let ended = began;
    await scene.die(() => {
      ended = performance.now();
    });
    if (round >= WARM_UP) times.push(ended - began);
  }
  return times;
}

export async function benchAdopt(): Promise<Report> {
  const rows: Row[] = [];
  for (const disks of [1, 8, 64]) {
    const ours = median(await timesOf(disks));
    rows.push({
      ...{ row: `adopt-${disks}`, unit: 'ms', better: 'lower', ours, peers: {}, runs: ROUNDS },
    });
  }
  return { bench: 'adopt', rows };
}
