/** Signals of this process, held back. */

import { setImmediate } from 'node:timers/promises';
import { END_SIGNALS, type EndSignal, type HeldSignals } from '../signals.ts';

/**
 * A terminal that closes, timeout(1) and wrappers send a signal twice at once; somebody who means
 * it a second time takes longer.
 */
const SECOND_MS = 500;

/**
 * `onSecond` is called when the user presses Ctrl-C again, before the process dies of it at once:
 * whatever waits may wait for ever.
 */
export function holdSignals(onSecond: () => void = () => {}): HeldSignals {
  let first: { readonly signal: EndSignal; readonly atMs: number } | undefined;
  const waiting = new Set<(signal: EndSignal) => void>();
  const onSignal = (signal: EndSignal): void => {
    const nowMs = performance.now();
    if (first === undefined) {
      first = { signal, atMs: nowMs };
      for (const then of waiting) then(signal);
      waiting.clear();
    } else if (signal === 'SIGINT' && nowMs - first.atMs >= SECOND_MS) {
      onSecond();
      release();
      dieOf('SIGINT');
    }
  };
  const names = Object.keys(END_SIGNALS) as EndSignal[];
  const release = (): void => {
    for (const name of names) process.off(name, onSignal);
  };
  for (const name of names) process.on(name, onSignal);
  return {
    came: async () => {
      // Handlers run between turns of the event loop.
      await setImmediate();
      return first?.signal;
    },
    whenFirst: (then) => {
      if (first !== undefined) then(first.signal);
      else waiting.add(then);
      return () => void waiting.delete(then);
    },
    release,
  };
}

/**
 * Ends this process as the signal would have: a shell then knows that its own work is to end, too.
 */
export function dieOf(signal: EndSignal): void {
  // For process 1 of a container, which signals without a handler do not end.
  process.exitCode = 128 + END_SIGNALS[signal];
  process.kill(process.pid, signal);
}
