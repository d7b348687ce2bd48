/** How frames get into and out of the queues of a TAP: a system call for each. */

import { ok, type Result } from '../../core/result.ts';
import { bind, once } from './ffi.ts';

/** Where frames lie is given as an address. */
export interface TapEngine {
  /** Sends a frame, at the latest with `submit`; false: there is no room. */
  write(queue: number, address: number, bytes: number): boolean;
  /**
   * Receives at most `max` frames, the i-th of them at `address + i * slotBytes` where `results[i]`
   * has its bytes. Where that is negative or 0 there is none; how many places to look at.
   */
  read(queue: number, address: number, slotBytes: number, results: Int32Array, max: number): number;
  submit(): void;
  /** Frames that the kernel has refused after they were taken to be sent. */
  refused(): number;
  close(): void;
}

const libc = once(() =>
  bind('libc.so.6', {
    read: ['long', 'int', 'uintptr_t', 'size_t'],
    write: ['long', 'int', 'uintptr_t', 'size_t'],
  }),
);

export function callEngine(fds: readonly number[]): Result<TapEngine> {
  const c = libc();
  if (!c.ok) return c;
  const { read, write } = c.value;
  return ok({
    write: (queue, address, bytes) => write(fds[queue] as number, address, bytes) === bytes,
    read: (queue, address, slotBytes, results, max) => {
      const fd = fds[queue] as number;
      let got = 0;
      for (; got < max; got++) {
        const bytes = read(fd, address + got * slotBytes, slotBytes);
        if (bytes <= 0) break;
        results[got] = bytes;
      }
      return got;
    },
    submit: () => {},
    refused: () => 0,
    close: () => {},
  });
}
