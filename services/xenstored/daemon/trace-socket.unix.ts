/** A socket beside the daemon's: whoever connects reads the decoded traffic, line by line. */

import type { Result } from '../../../shared/core/result.ts';
import type { Lock } from '../../../shared/platform/unix/lock-file.ts';
import { type StreamServer, serveStreams } from '../../../shared/platform/unix/stream-server.ts';
import type { Tap } from '../tap.ts';

/** Lines that a slow reader misses are counted instead of kept. */
const UNREAD_MAX = 1 << 20;

export function tracePathBeside(socketPath: string): string {
  return `${socketPath}.trace`;
}

export function serveTrace(path: string, lock: Lock, tap: Tap): Result<StreamServer> {
  return serveStreams(path, lock, (stream) => {
    const scratch = new Uint8Array(1024);
    let waiting = Buffer.alloc(0);
    let missed = 0;
    const drop = (): void => {
      hide();
      stream.close();
    };
    const send = (): void => {
      const count = waiting.length === 0 ? 0 : stream.write(waiting);
      if (count < 0) drop();
      else if (count > 0) waiting = waiting.subarray(count);
      stream.want(true, waiting.length > 0);
    };
    const hide = tap.show((line) => {
      if (waiting.length > UNREAD_MAX) {
        missed++;
        return;
      }
      const note = missed > 0 ? `${missed} lines were left out\n` : '';
      missed = 0;
      const idle = waiting.length === 0;
      waiting = Buffer.concat([waiting, Buffer.from(`${note}${line}\n`, 'latin1')]);
      if (idle) send();
    });
    return {
      // A reader has nothing to say; it may only end.
      readable: () => {
        if (stream.read(scratch) < 0) drop();
      },
      writable: send,
    };
  });
}
