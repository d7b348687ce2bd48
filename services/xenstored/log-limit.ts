/**
 * A log that peers can write to must not fill a disk: so many lines a while, then how many were
 * left out.
 */

import type { Clock } from '../../shared/platform/clock.ts';
import { LOG_LINES, LOG_WINDOW_MS } from './limits.ts';

/**
 * At most LOG_LINES lines in each LOG_WINDOW_MS; what is left out is counted in a line at its end.
 */
export function limitLines(
  clock: Pick<Clock, 'nowMs'>,
  write: (line: string) => void,
): (line: string) => void {
  let windowStart = Number.NEGATIVE_INFINITY;
  let written = 0;
  let left = 0;
  return (line) => {
    const now = clock.nowMs();
    if (now - windowStart >= LOG_WINDOW_MS) {
      if (left > 0) write(`${left} lines were left out`);
      windowStart = now;
      written = 0;
      left = 0;
    }
    if (written < LOG_LINES) {
      written++;
      write(line);
    } else left++;
  };
}
