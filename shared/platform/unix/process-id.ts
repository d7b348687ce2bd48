/** Names a process beyond its number, which another one may have later. */

import { readFileSync } from 'node:fs';

export interface ProcessId {
  readonly pid: number;
  /** When it started, in clock ticks since the machine's boot (proc(5), stat, field 22). */
  readonly startTicks: string;
}

interface ProcessStat {
  readonly state: string;
  readonly startTicks: string;
  /** Clock ticks that it has worked. */
  readonly workedTicks: number;
}

/** The text of /proc/PID/stat; the name in it may hold anything. */
export function parseStat(text: string): ProcessStat | undefined {
  // Field 3 and on.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (!state || !startTicks) return undefined;
  return { state, startTicks, workedTicks: Number(fields[11]) + Number(fields[12]) };
}

/** Undefined if there is no process of this number. */
export function processStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

export function processId(pid: number): ProcessId {
  return { pid, startTicks: processStat(pid)?.startTicks ?? '' };
}

/** Whether this very process still runs (a zombie does not). */
export function isAlive({ pid, startTicks }: ProcessId): boolean {
  const now = processStat(pid);
  return now !== undefined && now.startTicks === startTicks && now.state !== 'Z';
}

type Numbers = Readonly<Record<'pid' | 'startTicks', number>>;

/** Processes as the domains that they build name them: in numbers. */
export const builders = {
  self: numbersOf(process.pid),
  isAlive: ({ pid, startTicks }: Numbers): boolean =>
    isAlive({ pid, startTicks: String(startTicks) }),
};

function numbersOf(pid: number): Numbers {
  return { pid, startTicks: Number(processId(pid).startTicks) };
}
