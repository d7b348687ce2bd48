// Names a process beyond its number, which another one may have later.
import { readFileSync } from 'node:fs';

export interface ProcessId {
  readonly pid: number;
  /** When it started, in clock ticks since the machine's boot (proc(5), stat, field 22). */
  readonly startTicks: string;
}

/** State letter and start time in the text of /proc/PID/stat; the name before may hold anything. */
export const parseStat = (text: string): { state: string; startTicks: string } | undefined => {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
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

/** Whether this very process still runs (a zombie does not). */
export const isAlive = ({ pid, startTicks }: ProcessId): boolean => {
  const now = stat(pid);
  return now !== undefined && now.startTicks === startTicks && now.state !== 'Z';
};
