/** Streams that are no faster than their readers: what waits in this process stays little. */

import type { Readable, Writable } from 'node:stream';

/** Undefined while the stream has room; else once it has again, or is gone. */
export function drained(stream: Writable): Promise<void> | undefined {
  if (!stream.writableNeedDrain || stream.destroyed) return undefined;
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of EVENTS) stream.off(event, done);
      resolve();
    };
    for (const event of EVENTS) stream.on(event, done);
  });
}

const EVENTS = ['drain', 'error', 'close'] as const;

export function pauseUntil(stream: Readable, room: Promise<void>): void {
  stream.pause();
  void room.then(() => stream.resume());
}
