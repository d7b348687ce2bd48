// What a run of the tests had to begin anew: told at once, counted over all its files, and bounded.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Fault } from './emulator-fault.ts';
import { isAll } from './extent.ts';

/** The emulator's fault, and the test that was begun anew for it. */
export interface Retry extends Fault {
  readonly test: string;
}

/**
 * In a run of all files. Of PVH Linux guests on one emulator thread, none of 24 died on Xen 4.17
 * (one did later) and two of 24 on 4.20; `npm test` boots one on 4.17, and `npm run test:all` six
 * on each. So more than this comes by chance in one run of ten thousand: it is a mistake of ours
 * that looks like the emulator's.
 */
export const MOST_RETRIES = isAll ? 5 : 3;

const lineOf = ({ test, guest, words }: Retry): string => `${test}: ${guest}: ${words}`;

/** All that the tally has so far. */
export const retriesIn = (tally: string): Retry[] =>
  (existsSync(tally) ? readFileSync(tally, 'utf8') : '')
    .split('\n')
    .filter(Boolean)
    .map((line): Retry => JSON.parse(line));

/**
 * Adds to a tally that several processes share: a file with a line for each retry. Throws when the
 * run has had too many.
 */
export const noteRetry = (
  tally: string,
  retry: Retry,
  say: (text: string) => void,
  most = MOST_RETRIES,
): void => {
  appendFileSync(tally, `${JSON.stringify(retry)}\n`);
  const count = retriesIn(tally).length;
  say(`begun anew (${count} of at most ${most} in a run): ${lineOf(retry)}`);
  if (count > most) {
    throw new Error(`the emulator failed more than ${most} times in this run: ${lineOf(retry)}`);
  }
};

/** What the run says at its end. */
export const sumOf = (retries: readonly Retry[], most = MOST_RETRIES): string =>
  [
    `lab: ${retries.length} begun anew, of at most ${most} in a run`,
    ...retries.map((retry) => `  ${lineOf(retry)}`),
  ].join('\n');
