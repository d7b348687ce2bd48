/** Signals for tests. */

import type { EndSignal, HeldSignals } from '../../shared/platform/signals.ts';

export interface FakeSignals extends HeldSignals {
  send(signal: EndSignal): void;
}

export function fakeSignals(): FakeSignals {
  let first: EndSignal | undefined;
  const waiting = new Set<(signal: EndSignal) => void>();
  return {
    came: async () => first,
    whenFirst: (then) => {
      if (first === undefined) waiting.add(then);
      else then(first);
      return () => void waiting.delete(then);
    },
    release: () => {},
    send: (signal) => {
      if (first !== undefined) return;
      first = signal;
      for (const then of waiting) then(signal);
    },
  };
}
