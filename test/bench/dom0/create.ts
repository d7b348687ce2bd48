// Runs in dom0: creates one guest by our builder and by xl, in turns, and prints samples as JSON.
import { spawnSync } from 'node:child_process';
import { createImageFiles, type ImageFiles } from '../../../shared/domain/build/index.ts';
import { unixFiles } from '../../../shared/platform/unix/files.ts';
import { openGuests } from './guests.ts';

/** Between two creations, so that what the last one left to do is done. */
const SETTLE_MS = 300;

const [file = '', rounds = '10'] = process.argv.slice(2);
const guests = await openGuests();
const samples: Record<string, number[]> = {};

function sample(row: string, us: number): void {
  samples[row] ??= [];
  samples[row].push(us);
}

async function destroy(name: string): Promise<void> {
  await guests.destroy(name);
  await guests.clock.sleep(SETTLE_MS);
}

/** Steps are sampled for the warm row alone. */
async function ours(row: string, images: ImageFiles, steps: boolean): Promise<string> {
  const { name, us } = await guests.create(file, images, {
    onStep: (step, stepUs) => {
      if (steps) sample(`${row}.${step}`, stepUs);
    },
  });
  sample(row, us);
  await destroy(name);
  return name;
}

/** A command, from its start to its end. */
async function command(row: string, name: string, program: string, args: string[]): Promise<void> {
  const start = performance.now();
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  const us = (performance.now() - start) * 1000;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error ?? stderr}`);
  sample(row, us);
  await destroy(name);
}

const warm = createImageFiles(unixFiles());
// One that does not count: the warm rows speak of a process that has seen the kernel before.
const name = await ours('first', warm, false);
for (let round = 0; round < Number(rounds); round++) {
  await command('xl', name, 'xl', ['create', '-q', file]);
  await ours('small-guest', warm, true);
  await ours('small-guest-cold', createImageFiles(unixFiles()), false);
  await command('small-guest-command', name, 'xtl', ['vm', 'create', '-q', file]);
}
process.stdout.write(`${JSON.stringify(samples)}\n`);
guests.close();
