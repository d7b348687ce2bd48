/** The reader's end of a stream: items that came and are not read, and when to ask for more. */

import type { Failure } from '../core/result.ts';
import { STREAM_WINDOW } from './limits.ts';

export interface RpcStream<I> extends AsyncIterableIterator<I> {
  /** Cancels it; a pending `next` ends. */
  return(): Promise<IteratorResult<I>>;
  /** Why it ended: undefined if the service ended it, or its reader. */
  failure(): Failure | undefined;
}

export interface StreamQueue<I> {
  readonly stream: RpcStream<I>;
  /** False for more items than were asked for. */
  push(item: I): boolean;
  end(why?: Failure): void;
}

/** `more` asks for so many items more; `cancel` is called when the reader wants none. */
export function createStreamQueue<I>(
  more: (count: number) => void,
  cancel: () => void,
): StreamQueue<I> {
  const items: I[] = [];
  let reader: ((result: IteratorResult<I>) => void) | undefined;
  let isOver = false;
  let failure: Failure | undefined;
  let taken = 0;
  const DONE: IteratorResult<I> = { done: true, value: undefined };

  const end = (why?: Failure): void => {
    if (isOver) return;
    isOver = true;
    failure = why;
    reader?.(DONE);
    reader = undefined;
  };
  const count = (): void => {
    if (++taken < STREAM_WINDOW / 2 || isOver) return;
    more(taken);
    taken = 0;
  };
  const stream: RpcStream<I> = {
    next: () => {
      const item = items.shift();
      if (item !== undefined) {
        count();
        return Promise.resolve({ done: false, value: item });
      }
      if (isOver) return Promise.resolve(DONE);
      return new Promise((resolve) => {
        reader = resolve;
      });
    },
    return: () => {
      items.length = 0;
      if (!isOver) {
        end();
        cancel();
      }
      return Promise.resolve(DONE);
    },
    failure: () => failure,
    [Symbol.asyncIterator]: () => stream,
  };
  const push = (item: I): boolean => {
    if (isOver) return true;
    if (reader !== undefined) {
      const tell = reader;
      reader = undefined;
      tell({ done: false, value: item });
      count();
      return true;
    }
    return items.push(item) <= STREAM_WINDOW;
  };
  return { stream, push, end };
}
