/**
 * Whose turn it is, of all disks of all guests: who wants one stands at the end of the line, and
 * between a few of them events are looked at, so that a guest which always wants one more waits
 * behind all who have come meanwhile.
 */

import { append, createFifo, type Fifo, shift } from './fifo.ts';
import { TURNS_PER_CALL } from './limits.ts';

export interface Turns {
  /** Takes `turn` when all have had theirs who stand in the line now. Once for each call. */
  plan(turn: () => void): void;
}

/**
 * `soon` calls back once, after events were looked at. `max`: how many may stand in the line. They
 * may ask for their next turn within one.
 */
export function createTurns(soon: (run: () => void) => void, max: number): Turns {
  const line: Fifo<() => void> = createFifo(max);
  let isPlanned = false;
  const planCall = (): void => {
    if (isPlanned) return;
    isPlanned = true;
    soon(call);
  };
  const call = (): void => {
    isPlanned = false;
    for (let left = Math.min(TURNS_PER_CALL, line.count); left > 0; left--) shift(line)?.();
    if (line.count > 0) planCall();
  };
  return {
    plan: (turn) => {
      append(line, turn);
      planCall();
    },
  };
}
