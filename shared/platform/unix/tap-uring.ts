/**
 * Frames into and out of the queues of a TAP by io_uring: one system call for many. Each operation
 * ends in the call that begins it, which TAPs can promise since Linux 6.4 (FMODE_NOWAIT).
 */

import { assert } from '../../core/assert.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { openUring } from './io-uring.ts';
import { IORING_OP_READ, IORING_OP_WRITE } from './io-uring-abi.ts';
import type { TapEngine } from './tap-engine.ts';

/** Operations in one call; more are done in parts. */
const ENTRIES = 128;

/** The number of what is sent; those of what is received are places, below it. */
const SENT = ENTRIES;

/** Frames that a queue is asked for at first: it is asked for more as long as it has them. */
const READS_MIN = 4;

/** ENOSYS, EPERM without io_uring; EOPNOTSUPP: operations on TAPs would wait. */
export function uringEngine(fds: readonly number[]): Result<TapEngine> {
  const opened = openUring(ENTRIES, { files: fds });
  if (!opened.ok) return opened;
  const uring = opened.value;
  const done = new Int32Array(2 * ENTRIES);
  const results = new Int32Array(ENTRIES);
  const readsOf = new Int32Array(fds.length).fill(READS_MIN);
  let refused = 0;

  const finish = (): void => {
    const submitted = uring.submit(true);
    assert(submitted.ok, submitted.ok ? '' : submitted.error.what);
    for (let count = uring.completions(done); count > 0; count = uring.completions(done)) {
      for (let i = 0; i < count; i++) {
        const number = done[2 * i] as number;
        const result = done[2 * i + 1] as number;
        if (number < SENT) results[number] = result;
        else if (result < 0) refused++;
      }
    }
  };
  /** Asks a queue for `count` frames, and has as many results. */
  const readSome = (queue: number, address: number, slotBytes: number, count: number): void => {
    for (let i = 0; i < count; i++) {
      uring.ask(i, IORING_OP_READ, queue, 0, address + i * slotBytes, slotBytes);
    }
    finish();
  };
  /** How many frames to ask for next, by what the last ones have brought. */
  const adapt = (queue: number, asked: number, last: number): void => {
    if (last > 0) readsOf[queue] = Math.min(ENTRIES, 2 * asked);
    else readsOf[queue] = Math.max(READS_MIN, asked >> 1);
  };

  // No bytes take no frame away.
  readSome(0, 0, 0, 1);
  if (results[0] !== 0) {
    uring.close();
    return fail('EOPNOTSUPP', 'an io_uring that would wait for frames');
  }
  return ok({
    write: (queue, address, bytes) => {
      if (uring.room() === 0) finish();
      uring.ask(SENT, IORING_OP_WRITE, queue, 0, address, bytes);
      return true;
    },
    read: (queue, address, slotBytes, into, max) => {
      let got = 0;
      for (let isMore = true; isMore && got < max; ) {
        if (uring.room() === 0) finish();
        const count = Math.min(readsOf[queue] as number, max - got, uring.room());
        readSome(queue, address + got * slotBytes, slotBytes, count);
        for (let i = 0; i < count; i++) into[got + i] = results[i] as number;
        got += count;
        const last = results[count - 1] as number;
        adapt(queue, count, last);
        isMore = last > 0;
      }
      return got;
    },
    submit: finish,
    refused: () => refused,
    close: uring.close,
  });
}
