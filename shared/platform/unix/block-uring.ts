/** A disk's operations by io_uring: no thread of ours waits for any of them. */

import { assert } from '../../core/assert.ts';
import { ok, type Result } from '../../core/result.ts';
import type { BlockEngine, BlockOperation } from './block-file.ts';
import { openUring } from './io-uring.ts';
import {
  IORING_OP_FALLOCATE,
  IORING_OP_FSYNC,
  IORING_OP_READ_FIXED,
  IORING_OP_WRITE_FIXED,
} from './io-uring-abi.ts';
import type { Poller } from './poller.ts';

/** Asked for at a time; more are asked for in parts. */
const ENTRIES = 512;

const OPCODE: Readonly<Record<BlockOperation, number>> = {
  read: IORING_OP_READ_FIXED,
  write: IORING_OP_WRITE_FIXED,
  flush: IORING_OP_FSYNC,
  discard: IORING_OP_FALLOCATE,
};

/** Operations are on the memory of `bytes` bytes at `address`. */
export function uringEngine(
  { fd, address, bytes }: { readonly fd: number; readonly address: number; readonly bytes: number },
  poller: Poller,
  onDone: () => void,
): Result<BlockEngine> {
  const opened = openUring(ENTRIES, { files: [fd], memory: { address, bytes } });
  if (!opened.ok) return opened;
  const uring = opened.value;
  const polled = poller.add(uring.fd, onDone);
  if (!polled.ok) {
    uring.close();
    return polled;
  }
  const submit = (): void => {
    const submitted = uring.submit();
    // The kernel takes all that fits its rings, or nothing is as it should be.
    assert(submitted.ok, submitted.ok ? '' : submitted.error.what);
  };
  return ok({
    canDiscard: true,
    ask: (number, what, offset, at, size) => {
      if (uring.room() === 0) submit();
      uring.ask(number, OPCODE[what], 0, offset, address + at, size);
    },
    submit,
    completions: uring.completions,
    close: () => {
      polled.value.remove();
      uring.close();
    },
  });
}
