/** A service's own lines on stderr. */

import type { Console } from '../console.ts';

/** What a reader may be behind before lines are dropped. */
const MOST_BYTES_QUEUED = 1 << 20;

export function stderrConsole(): Console {
  // A reader that went away must not end the service.
  process.stderr.on('error', () => {});
  return {
    line: (text) => {
      if (process.stderr.writableLength < MOST_BYTES_QUEUED) process.stderr.write(`${text}\n`);
    },
  };
}
