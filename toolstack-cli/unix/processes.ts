/** Root's processes of this machine, by name: a name is anybody's to take. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { parseStat } from '../../shared/platform/unix/process-id.ts';

export interface Process {
  readonly pid: number;
  /** Since boot, in ticks of the kernel. */
  readonly startedTicks: number;
}

/** Whether a process whose /proc/PID/status this is is root's and nobody else's in any way. */
export const isRoots = (status: string): boolean => /^Uid:(?:\t0){4}$/m.test(status);

/** Not one of a container, whose root is not this host's. Only root can tell: else it may be. */
function isOfThisHost(pid: string): boolean {
  const namespaceOf = (of: string): string | undefined => {
    try {
      return readlinkSync(`/proc/${of}/ns/pid`);
    } catch {
      return undefined;
    }
  };
  const theirs = namespaceOf(pid);
  return theirs === undefined || theirs === namespaceOf('self');
}

/** The kernel cuts names in `comm` to 15 characters. */
const COMM_MAX = 15;

export function processesNamed(...names: readonly string[]): readonly Process[] {
  const wanted = names.map((name) => name.slice(0, COMM_MAX));
  return readdirSync('/proc')
    .filter((entry) => /^[0-9]+$/.test(entry))
    .flatMap((entry) => {
      const stat = readText(`/proc/${entry}/stat`) ?? '';
      // The name stands in brackets, and may hold some itself.
      const comm = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      if (!wanted.includes(comm)) return [];
      const { state, startTicks } = parseStat(stat) ?? {};
      const isEnded = state === undefined || state === 'Z';
      if (isEnded || !isRoots(readText(`/proc/${entry}/status`) ?? '')) return [];
      return isOfThisHost(entry) ? [{ pid: Number(entry), startedTicks: Number(startTicks) }] : [];
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
