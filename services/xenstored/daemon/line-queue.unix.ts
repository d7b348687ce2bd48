/** Lines that wait for a reader: so many bytes, and what is missed beyond them is counted. */

export interface LineQueue {
  /** False: the line that would come now is missed, and counted. */
  wants(): boolean;
  /** A line without its end, of characters below 0x100; missed if there is no room. */
  push(line: string): void;
  /** What waits; a view until the next call. */
  waiting(): Uint8Array;
  /** So much of what waited is gone. */
  consume(count: number): void;
}

/** At first, so that a reader that keeps up costs little. */
const FIRST_BYTES = 16 * 1024;

/** A note of how many were missed, with the end of its line. */
const noteOf = (missed: number): string => `${missed} lines dropped\n`;

/**
 * At most `maxBytes` wait. After a line was missed, so are all until the reader has caught up by
 * half: what it gets are stretches without a gap.
 */
export function createLineQueue(maxBytes: number): LineQueue {
  let bytes: Buffer = Buffer.alloc(Math.min(FIRST_BYTES, maxBytes));
  let start = 0;
  let end = 0;
  let missed = 0;

  const move = (to: Buffer): void => {
    bytes.copy(to, 0, start, end);
    bytes = to;
    end -= start;
    start = 0;
  };
  /** Room at the end: each byte is moved once, at most, before as many were taken or added. */
  const makeRoom = (count: number): boolean => {
    while (end + count > bytes.length) {
      if (start >= bytes.length / 2) move(bytes);
      else if (bytes.length < maxBytes) move(Buffer.alloc(Math.min(bytes.length * 2, maxBytes)));
      else return false;
    }
    return true;
  };
  const wants = (): boolean => {
    if (missed === 0 || end - start <= maxBytes / 2) return true;
    missed++;
    return false;
  };
  return {
    wants,
    push: (line) => {
      const text = `${missed > 0 ? noteOf(missed) : ''}${line}\n`;
      if (!makeRoom(text.length)) {
        missed++;
        return;
      }
      end += bytes.write(text, end, 'latin1');
      missed = 0;
    },
    waiting: () => bytes.subarray(start, end),
    consume: (count) => {
      start += count;
      if (start < end) return;
      start = 0;
      end = 0;
    },
  };
}
