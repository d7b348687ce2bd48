// Runs in dom0: makes so many paused guests of a configuration, says how long it took, and ends
// them when its standard input ends.
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { must } from '../../../shared/core/result.ts';
import {
  createImageFiles,
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
import { openGuests } from './guests.ts';

const [file = '', count = '1', run = ''] = process.argv.slice(2);
const guests = await openGuests();
const images = createImageFiles(unixFiles());
const text = readFileSync(file, 'utf8');
const states = [];
for (let i = 0; i < Number(count); i++) {
  const { spec } = readSpec(readConfig(joinSources(file, text, [`name="many${i}"`])));
  if (spec === undefined) throw new Error(`${file} is no valid configuration`);
  const random = randomFillSync(new Uint8Array(16));
  const prepared = must(await prepareCreate(spec, images, { random, paused: true }));
  const state = newCreateState(guests);
  const made = await runPlan(planCreate(prepared), state, guests.clock);
  if (!made.ok) throw new Error(`${made.error.step}: ${made.error.what}`);
  states.push(state);
}
if (run === '--run') {
  for (const { domid } of states) {
    if (domid !== undefined) must(guests.domainControl.unpause(domid));
  }
}
process.stdout.write('made\n');
for await (const _ of process.stdin);
for (const { domid } of states) {
  if (domid === undefined) continue;
  const ended = await runPlan(planDestroy(domid), newDestroyState(guests), guests.clock);
  if (!ended.ok) throw new Error(`destroy: ${ended.error.what}`);
}
guests.close();
