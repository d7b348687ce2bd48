/** A disk's operations by threads of Node's, where io_uring is not to be had. */

import { fdatasync, type NoParamCallback, read, write } from 'node:fs';
import { assert } from '../../core/assert.ts';
import { ERRNO } from '../../core/errno.ts';
import type { Region } from '../region.ts';
import type { BlockEngine } from './block-file.ts';

function errnoNumber(error: NodeJS.ErrnoException): number {
  const code = error.code ?? '';
  return code in ERRNO ? ERRNO[code as keyof typeof ERRNO] : ERRNO.EIO;
}

export function threadEngine(
  fd: number,
  { bytes: memory }: Region,
  onDone: () => void,
): BlockEngine {
  let done: [number, number][] = [];
  let asked: (() => void)[] = [];
  let isOpen = true;
  const end = (number: number, error: NodeJS.ErrnoException | null, bytes: number): void => {
    done.push([number, error === null ? bytes : -errnoNumber(error)]);
    if (done.length === 1) setImmediate(() => isOpen && onDone());
  };
  return {
    canDiscard: false,
    ask: (number, what, offset, at, size) => {
      assert(what !== 'discard', 'threads do not discard');
      const moved = (error: NodeJS.ErrnoException | null, bytes: number): void =>
        end(number, error, bytes);
      const flushed: NoParamCallback = (error) => end(number, error, 0);
      if (what === 'read') asked.push(() => read(fd, memory, at, size, offset, moved));
      else if (what === 'write') asked.push(() => write(fd, memory, at, size, offset, moved));
      else asked.push(() => fdatasync(fd, flushed));
    },
    submit: () => {
      for (const ask of asked) ask();
      asked = [];
    },
    completions: (into) => {
      const count = Math.min(done.length, into.length / 2);
      for (let i = 0; i < count; i++) into.set(done[i] as [number, number], 2 * i);
      done = done.slice(count);
      return count;
    },
    close: () => {
      isOpen = false;
    },
  };
}
