/** Processes of this machine, by name. */

import { readdirSync, readFileSync } from 'node:fs';

export interface Process {
  readonly pid: number;
  /** Since boot, in ticks of the kernel. */
  readonly startedTicks: number;
}

/** The kernel cuts names in `comm` to 15 characters. */
const COMM_MAX = 15;

export function processesNamed(...names: readonly string[]): readonly Process[] {
  const wanted = names.map((name) => name.slice(0, COMM_MAX));
  return readdirSync('/proc')
    .filter((entry) => /^[0-9]+$/.test(entry))
    .flatMap((entry) => {
      const stat = readText(`/proc/${entry}/stat`);
      // The name stands in brackets, and may hold some itself.
      const [, comm = '', rest = ''] = /^\d+ \((.*)\) (.*)$/s.exec(stat ?? '') ?? [];
      if (!wanted.includes(comm)) return [];
      // starttime is field 22 of proc(5); the rest begins with field 3.
      return [{ pid: Number(entry), startedTicks: Number(rest.split(' ')[19]) }];
    });
}

/** Undefined if it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Programs that serve xenstore: C's and ours, OCaml's. */
export const STORES = ['xenstored', 'oxenstored'] as const;

/** Whether a xenconsoled runs that was there before the xenstored that runs. */
export function consolesAreOlder(): boolean {
  const newest = Math.max(...processesNamed(...STORES).map((each) => each.startedTicks));
  return processesNamed('xenconsoled').some(({ startedTicks }) => startedTicks < newest);
}
