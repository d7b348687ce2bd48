/**
 * Simple replies, out of a stream that comes in pieces of any size. Whether data follows a reply
 * only who asked can say: the stream alone does not tell.
 */

import { getU32 } from '../core/big-endian.ts';
import { NBD_SIMPLE_REPLY_MAGIC, SIMPLE_REPLY_BYTES } from './protocol.ts';

export interface ReplySink {
  /**
   * A reply's head: its error, and its cookie in two words. How many bytes of data follow, or why
   * the stream makes no sense from here on.
   */
  begin(error: number, high: number, low: number): number | string;
  /** The next bytes of its data. */
  data(bytes: Uint8Array, start: number, end: number): void;
  /** It was there whole: why nothing more can be taken, if so. */
  end(): string | undefined;
}

export interface Replies {
  /** What is wrong, if anything is: nothing more may be taken then. */
  take(bytes: Uint8Array, start: number, end: number): string | undefined;
  /** Begins with another stream. */
  reset(): void;
}

export function createReplies(sink: ReplySink): Replies {
  const head = new Uint8Array(SIMPLE_REPLY_BYTES);
  let have = 0;
  /** Bytes of data that are to come, while there is a head. */
  let left = 0;
  const begin = (bytes: Uint8Array, at: number): string | undefined => {
    if (getU32(bytes, at) !== NBD_SIMPLE_REPLY_MAGIC) return 'a reply without its magic number';
    const follows = sink.begin(
      getU32(bytes, at + 4),
      getU32(bytes, at + 8),
      getU32(bytes, at + 12),
    );
    if (typeof follows === 'string') return follows;
    left = follows;
    have = SIMPLE_REPLY_BYTES;
    return left === 0 ? end() : undefined;
  };
  const end = (): string | undefined => {
    have = 0;
    return sink.end();
  };
  return {
    take: (bytes, start, stop) => {
      let at = start;
      while (at < stop) {
        let wrong: string | undefined;
        if (have === SIMPLE_REPLY_BYTES) {
          const count = Math.min(left, stop - at);
          sink.data(bytes, at, at + count);
          left -= count;
          at += count;
          if (left === 0) wrong = end();
        } else if (have === 0 && stop - at >= SIMPLE_REPLY_BYTES) {
          wrong = begin(bytes, at);
          at += SIMPLE_REPLY_BYTES;
        } else {
          head[have++] = bytes[at++] as number;
          if (have === SIMPLE_REPLY_BYTES) wrong = begin(head, 0);
        }
        if (wrong !== undefined) return wrong;
      }
      return undefined;
    },
    reset: () => {
      have = 0;
      left = 0;
    },
  };
}
