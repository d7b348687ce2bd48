/** A socket beside the daemon's: whoever connects reads the decoded traffic, line by line. */

import type { Result } from '../../../shared/core/result.ts';
import type { Lock } from '../../../shared/platform/unix/lock-file.ts';
import {
  type ServedStream,
  type ServedStreamOwner,
  type StreamServer,
  serveStreams,
} from '../../../shared/platform/unix/stream-server.ts';
import type { Tap } from '../tap.ts';
import { createLineQueue } from './line-queue.unix.ts';

/** What waits for a reader: at 100,000 requests a second it may look away for 60 ms. */
const UNREAD_MAX = 1 << 20;

/** Readers at a time; further ones are told so. */
const READERS_MAX = 32;

export function tracePathBeside(socketPath: string): string {
  return `${socketPath}.trace`;
}

/** Shows `stream` the traffic; `gone` is called once it ended. */
function showTo(stream: ServedStream, tap: Tap, gone: () => void): ServedStreamOwner {
  const scratch = new Uint8Array(1024);
  const queue = createLineQueue(UNREAD_MAX);
  let open = true;
  /** The reader has no room, or all of this turn's lines are still to come. */
  let held = false;

  const drop = (): void => {
    if (!open) return;
    open = false;
    hide();
    stream.close();
    gone();
  };
  const send = (): void => {
    if (!open) return;
    const bytes = queue.waiting();
    const count = bytes.length === 0 ? 0 : stream.write(bytes);
    if (count < 0) {
      drop();
      return;
    }
    held = count < bytes.length;
    queue.consume(count);
    stream.want(true, held);
  };
  const line = (text: string): void => {
    queue.push(text);
    if (held) return;
    // Requests do not wait for readers: what is served together is shown together, afterwards.
    held = true;
    setImmediate(send);
  };
  const hide = tap.show(line, queue.wants);
  return {
    // A reader has nothing to say; it may only end.
    readable: () => {
      if (stream.read(scratch) < 0) drop();
    },
    writable: send,
  };
}

/** Tells a reader that there are too many, and takes no notice of it. */
function refuse(stream: ServedStream): ServedStreamOwner {
  stream.write(Buffer.from(`${READERS_MAX} others read the trace already\n`));
  setImmediate(stream.close);
  return { readable: () => {}, writable: () => {} };
}

export function serveTrace(
  path: string,
  lock: Lock,
  tap: Tap,
  report: (line: string) => void,
): Result<StreamServer> {
  let readers = 0;
  const accept = (stream: ServedStream): ServedStreamOwner => {
    if (readers >= READERS_MAX) return refuse(stream);
    readers++;
    return showTo(stream, tap, () => {
      readers--;
    });
  };
  return serveStreams(path, lock, accept, report);
}
