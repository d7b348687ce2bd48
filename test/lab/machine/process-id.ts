// Names a process beyond its number, which another one may have later.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessId {
  readonly pid: number;
  /** When it started, in clock ticks since the machine's boot (proc(5), stat, field 22). */
  readonly startTicks: string;
}

/** What follows the name, which may hold anything: field 3 of proc(5) and on. */
const fieldsOf = (text: string): string[] => text.slice(text.lastIndexOf(')') + 2).split(' ');

/** State letter and start time in the text of /proc/PID/stat. */
export const parseStat = (text: string): { state: string; startTicks: string } | undefined => {
  const fields = fieldsOf(text);
  const [state, startTicks] = [fields[0], fields[19]];
  return state && startTicks ? { state, startTicks } : undefined;
};

const stat = (pid: number): ReturnType<typeof parseStat> => {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
};

export const processId = (pid: number): ProcessId => ({
  pid,
  startTicks: stat(pid)?.startTicks ?? '',
});

/** Clock ticks that it has worked; undefined once it has ended. */
const ticksWorked = (id: ProcessId): number | undefined => {
  if (!isAlive(id)) return undefined;
  const fields = fieldsOf(readFileSync(`/proc/${id.pid}/stat`, 'latin1'));
  return Number(fields[11]) + Number(fields[12]);
};

/** Whether this very process still runs (a zombie does not). */
export const isAlive = ({ pid, startTicks }: ProcessId): boolean => {
  const now = stat(pid);
  return now !== undefined && now.startTicks === startTicks && now.state !== 'Z';
};

const STILL_MS = 5000;
/** Of 500. */
const STILL_TICKS = 5;

/** Whether it lives and does as good as nothing, over five seconds. */
export const isStill = async (id: ProcessId): Promise<boolean> => {
  const before = ticksWorked(id);
  if (before === undefined) return false;
  await sleep(STILL_MS);
  const after = ticksWorked(id);
  return after !== undefined && after - before <= STILL_TICKS;
};
