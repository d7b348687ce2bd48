// `npm run fuzz -- NAME`: hostile input by seed until time is up; a failing seed can be run again.
import { randomInt } from 'node:crypto';
import { parseArguments, usage } from './args.ts';
import { type Failed, fuzz } from './run.ts';
import { TARGETS } from './targets.ts';

const names = Object.keys(TARGETS);
const args = parseArguments(process.argv.slice(2), names);
if ('error' in args) {
  process.stderr.write(`fuzz: ${args.error}\n${usage(names)}\n`);
  process.exit(2);
}
const { name, seconds, cases } = args;
const seed = args.seed ?? randomInt(0x7fffffff);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

// What fails in a task of its own is in no promise that the fuzzer waits for.
let stray: unknown;
const note = (error: unknown): void => {
  stray ??= error;
};
process.on('unhandledRejection', note);
process.on('uncaughtException', note);

function tell(failure: Failed): void {
  const { error, world, at } = failure;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  say(`FAILED: seed ${failure.seed} (${world}), case ${at}:\n${text}`);
  say(`again: npm run fuzz -- ${name} --seconds 0 --seed ${failure.seed}`);
}

say(`fuzz ${name}: seed ${seed}, ${cases === undefined ? `${seconds} s` : `${cases} cases`}`);
const startMs = performance.now();
const target = TARGETS[name] as (typeof TARGETS)[string];
const result = await fuzz(
  target,
  {
    seed,
    seconds,
    cases,
    nowMs: () => performance.now(),
    progress: (cases, at) => {
      const elapsed = (performance.now() - startMs) / 1000;
      say(`${elapsed.toFixed(0)} s: ${cases} cases, ${(cases / elapsed).toFixed(0)}/s, seed ${at}`);
    },
  },
  () => stray,
);
const rate = (result.cases / Math.max(result.seconds, 0.001)).toFixed(0);
say(`${result.cases} cases in ${result.seconds.toFixed(1)} s, ${rate} cases/s, seed ${seed}`);
if (result.failure !== undefined) tell(result.failure);
process.exit(result.failure === undefined ? 0 : 1);
