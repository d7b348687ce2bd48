// Whether a process works at all.
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, type ProcessId, processStat } from '../../../shared/platform/unix/process-id.ts';

/** Clock ticks that it has worked; undefined once it has ended. */
const ticksWorked = (id: ProcessId): number | undefined =>
  isAlive(id) ? processStat(id.pid)?.workedTicks : undefined;

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
