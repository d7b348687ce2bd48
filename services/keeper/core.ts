/** When a program is started again, after how it lived: pure. */

import { PAUSE_FIRST_MS, PAUSE_MOST_MS, STEADY_MS } from './limits.ts';

export interface Record {
  /** Ends in a row of such as did not live long. */
  readonly failures: number;
}

export const FRESH: Record = { failures: 0 };

export interface Verdict {
  readonly pauseMs: number;
  readonly record: Record;
}

export function afterEnd({ failures }: Record, livedMs: number): Verdict {
  if (livedMs >= STEADY_MS) return { pauseMs: 0, record: FRESH };
  // The first is forgiven: it may have been killed.
  const pauseMs =
    failures === 0 ? 0 : Math.min(PAUSE_FIRST_MS * 2 ** (failures - 1), PAUSE_MOST_MS);
  return { pauseMs, record: { failures: failures + 1 } };
}
