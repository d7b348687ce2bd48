/** The events of one watch: a bounded queue read by one async iterator. */

import type { Failure } from '../core/result.ts';

/** Distinct paths that may wait to be read. */
export const EVENTS_MAX = 1024;

export interface Watch extends AsyncIterableIterator<string> {
  /** The watched path, as registered. */
  readonly path: string;
  /** Ends the watch on both sides; a pending `next` ends. */
  return(): Promise<IteratorResult<string>>;
  /** Why the iteration ended: undefined if the reader ended it, else the connection's loss. */
  failure(): Failure | undefined;
}

export interface WatchQueue {
  readonly watch: Watch;
  push(path: string): void;
  end(why?: Failure): void;
}

/**
 * A path that already waits is not queued twice. If a reader is so slow that EVENTS_MAX paths wait,
 * they become one event of the watched path: look at everything again.
 */
export function createWatchQueue(path: string, onReturn: () => Promise<void>): WatchQueue {
  const waiting = new Set<string>();
  const readers: ((result: IteratorResult<string>) => void)[] = [];
  let ended = false;
  let failure: Failure | undefined;
  const DONE: IteratorResult<string> = { done: true, value: undefined };

  const end = (why?: Failure): void => {
    if (ended) return;
    ended = true;
    failure = why;
    for (const reader of readers.splice(0)) reader(DONE);
  };

  const next = (): Promise<IteratorResult<string>> => {
    for (const value of waiting) {
      waiting.delete(value);
      return Promise.resolve({ done: false, value });
    }
    if (ended) return Promise.resolve(DONE);
    return new Promise((reader) => readers.push(reader));
  };

  const watch: Watch = {
    path,
    next,
    failure: () => failure,
    return: async () => {
      if (!ended) {
        end();
        waiting.clear();
        await onReturn();
      }
      return DONE;
    },
    [Symbol.asyncIterator]: () => watch,
  };

  const push = (event: string): void => {
    if (ended) return;
    const reader = readers.shift();
    if (reader !== undefined) {
      reader({ done: false, value: event });
      return;
    }
    if (waiting.size >= EVENTS_MAX && !waiting.has(event)) {
      waiting.clear();
      waiting.add(path);
    } else waiting.add(event);
  };

  return { watch, push, end };
}
