// Runs in dom0: creates the same guest by our builder and by xl, in turns, and prints samples as
// JSON.
import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { must } from '../../../shared/core/result.ts';
import {
  type BuildHost,
  createImageFiles,
  findByName,
  type ImageFiles,
  newCreateState,
  newDestroyState,
  planCreate,
  planDestroy,
  prepareCreate,
  runPlan,
} from '../../../shared/domain/build/index.ts';
import { readSpec } from '../../../shared/domain/spec/read-spec.ts';
import { readConfig } from '../../../shared/domain/xl-cfg/config.ts';
import { joinSources } from '../../../shared/domain/xl-cfg/sources.ts';
import { unixFiles } from '../../../shared/platform/unix/files.ts';
import { openUnix } from '../../../shared/platform/unix/platform.ts';
import { connectXenstore } from '../../../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient } from '../../../shared/xenstore/client.ts';

/** Between two creations, so that what the last one left to do is done. */
const SETTLE_MS = 300;

const [file = '', rounds = '10'] = process.argv.slice(2);
const platform = must(openUnix());
const store = createXenstoreClient(must(await connectXenstore()));
const host: BuildHost = { ...platform, xenstore: store };
const samples: Record<string, number[]> = {};

function sample(row: string, us: number): void {
  samples[row] ??= [];
  samples[row].push(us);
}

async function destroy(name: string): Promise<void> {
  for (const domid of must(await findByName(store, name))) {
    const ended = await runPlan(planDestroy(domid), newDestroyState(host), host.clock);
    if (!ended.ok) throw new Error(`destroy ${name}: ${ended.error.what}`);
  }
  await host.clock.sleep(SETTLE_MS);
}

/** From the file's text to a running domain; steps are sampled for the warm row alone. */
async function ours(row: string, images: ImageFiles, steps: boolean): Promise<string> {
  const start = performance.now();
  const { spec } = readSpec(readConfig(joinSources(file, readFileSync(file, 'latin1'))));
  if (spec === undefined) throw new Error(`${file} is no valid configuration`);
  const random = randomFillSync(new Uint8Array(16));
  const prepared = must(await prepareCreate(spec, images, { random, paused: false }));
  if (steps) sample(`${row}.prepare`, (performance.now() - start) * 1000);
  const plan = planCreate(prepared);
  const result = await runPlan(plan, newCreateState(host), host.clock, (event) => {
    if (steps && event.kind === 'done') sample(`${row}.${event.step.id}`, event.ms * 1000);
  });
  const us = (performance.now() - start) * 1000;
  if (!result.ok) throw new Error(`${result.error.step}: ${result.error.what}`);
  sample(row, us);
  await destroy(spec.name);
  return spec.name;
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
store.close();
platform.close();
