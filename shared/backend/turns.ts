/**
 * Whose turn it is, of all devices of all guests: who wants one stands at the end of the line, and
 * between a few of them events are looked at, so that a guest which always wants one more waits
 * behind all who have come meanwhile.
 */

import { append, createFifo, type Fifo, shift } from './fifo.ts';

/** Turns, of all devices, between two looks at events. */
export const TURNS_PER_CALL = 4;

/**
 * How many turns of others pass at most between a frontend's event and the turn that takes its
 * requests, where so many devices have work: those of the call under way, and one of each other
 * device. A request that stands first in its ring, and that its own device can do, is begun in that
 * turn.
 */
export const turnsWaited = (devices: number): number => TURNS_PER_CALL + devices - 1;

export interface Turns {
  /** Takes `turn` when all have had theirs who stand in the line now. Once for each call. */
  plan(turn: () => void): void;
}

/** When calls come. */
export interface TurnsLoop {
  /** Calls back once, when all events have been told that were looked at. */
  soon(run: () => void): void;
  /** The same, after events were looked at anew. */
  later(run: () => void): void;
}

/**
 * `max`: how many may stand in the line. They may ask for their next turn within one: that is after
 * another look at events.
 */
export function createTurns({ soon, later }: TurnsLoop, max: number): Turns {
  const line: Fifo<() => void> = createFifo(max);
  /** A call is planned, or under way. */
  let isPlanned = false;
  const call = (): void => {
    for (let left = TURNS_PER_CALL; left > 0 && line.count > 0; left--) shift(line)?.();
    isPlanned = line.count > 0;
    if (isPlanned) later(call);
  };
  return {
    plan: (turn) => {
      append(line, turn);
      if (isPlanned) return;
      isPlanned = true;
      soon(call);
    },
  };
}
