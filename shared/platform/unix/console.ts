/** A service's own lines on stderr. */

import type { Console } from '../console.ts';

/** What a reader may be behind before lines are dropped. */
const MOST_BYTES_QUEUED = 1 << 20;

let stream: NodeJS.WriteStream | undefined;

/** Node makes the stream when it is first touched: time that many commands never need. */
function stderr(): NodeJS.WriteStream {
  if (stream === undefined) {
    stream = process.stderr;
    // A reader that went away must not end the service.
    stream.on('error', () => {});
  }
  return stream;
}

export const stderrConsole: Console = {
  line: (text) => {
    if (stderr().writableLength < MOST_BYTES_QUEUED) stderr().write(`${text}\n`);
  },
};
