/**
 * Messages out of a stream of bytes: each has its length before it, a u32 with the low byte first.
 */

import { HEADER_BYTES } from './codec.ts';
import { MESSAGE_MAX, READ_BYTES } from './limits.ts';

export interface Frames {
  /**
   * Takes the first `count` bytes of `chunk`, which may be used again: calls `onMessage` for each
   * message that is whole with a copy of it. Why the stream cannot go on, if it cannot.
   */
  take(
    chunk: Uint8Array,
    count: number,
    onMessage: (bytes: Uint8Array) => void,
  ): string | undefined;
  /** Whether a message has begun that is not whole. */
  isAmid(): boolean;
}

/** The room for a message grows as its bytes come: a length that was only said costs nothing. */
export function createFrames(): Frames {
  let body = new Uint8Array(0);
  let length = 0;
  let header = 0;
  let filled = 0;

  const takeHeader = (byte: number): string | undefined => {
    length = (length | (byte << (8 * header++))) >>> 0;
    if (header < HEADER_BYTES) return undefined;
    if (length === 0) return 'a message of no bytes';
    if (length > MESSAGE_MAX) return `a message of ${length} bytes, ${MESSAGE_MAX} at most`;
    body = new Uint8Array(Math.min(length, READ_BYTES));
    return undefined;
  };
  const grow = (needed: number): void => {
    if (needed <= body.length) return;
    const larger = new Uint8Array(Math.min(length, Math.max(needed, 2 * body.length)));
    larger.set(body.subarray(0, filled));
    body = larger;
  };

  return {
    isAmid: () => header > 0,
    take: (chunk, count, onMessage) => {
      for (let at = 0; at < count; ) {
        if (header < HEADER_BYTES) {
          const fault = takeHeader(chunk[at++] as number);
          if (fault !== undefined) return fault;
          continue;
        }
        const part = Math.min(count - at, length - filled);
        grow(filled + part);
        body.set(chunk.subarray(at, at + part), filled);
        filled += part;
        at += part;
        if (filled < length) continue;
        const message = body;
        body = new Uint8Array(0);
        length = header = filled = 0;
        onMessage(message);
      }
      return undefined;
    },
  };
}
