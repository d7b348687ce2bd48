/** What a server's replies mean for the operations that they are about. */

import { copyBytes } from '../core/bytes.ts';
import { ERRNO } from '../core/errno.ts';
import { NUMBERS_MAX } from '../platform/block-io.ts';
import { begin, type ClientState, finish, replay } from './client-state.ts';
import { enqueue, FREE, HELD, OWN_FLUSH, REPLAY, SENT, SLOTS } from './operations.ts';
import { NBD_CMD_FLUSH, NBD_CMD_READ, NBD_ESHUTDOWN } from './protocol.ts';
import type { ReplySink } from './replies.ts';
import { addUnflushed, dropUnflushed, isHalfFull } from './unflushed.ts';

/** NBD's errors that have a name here; the rest counts as EINVAL (proto.md, Error values). */
const KNOWN_ERRORS: readonly number[] = [
  ...[ERRNO.EPERM, ERRNO.EIO, ERRNO.ENOMEM, ERRNO.EINVAL, ERRNO.ENOSPC, ERRNO.EOPNOTSUPP],
];

const resultOf = (error: number): number => (KNOWN_ERRORS.includes(error) ? -error : -ERRNO.EINVAL);

/** Ends what was answered before a flush was sent, with what came of the flush. */
function releaseHeld(state: ClientState, flush: number, result: number): void {
  const { table } = state;
  const order = table.order[flush] as number;
  for (let number = 0; state.held > 0 && number < NUMBERS_MAX; number++) {
    const isBefore = (table.order[number] as number) < order;
    if (table.state[number] === HELD && isBefore) finish(state, number, result);
  }
}

function flushSoon(state: ClientState): void {
  if (state.table.state[OWN_FLUSH] === FREE) begin(state, OWN_FLUSH, NBD_CMD_FLUSH);
}

function flushed(state: ClientState, number: number, result: number): void {
  const { table, log } = state;
  if (result === 0 && log !== undefined) dropUnflushed(log, table.mark[number] as number);
  // One of ours that fails is the failure of those that wait for it.
  if (result === 0 || number === OWN_FLUSH) releaseHeld(state, number, result);
  finish(state, number, result);
  if (state.held > 0) flushSoon(state);
}

/** A write or discard is answered: kept, or where there is no room held until a flush has ended. */
function written(state: ClientState, number: number): void {
  const { table, log } = state;
  if (log === undefined) {
    finish(state, number, 0);
    return;
  }
  const [offset, bytes] = [table.offset[number] as number, table.bytes[number] as number];
  const from = table.memory[number] as Uint8Array;
  const command = table.command[number] as number;
  if (addUnflushed(log, command, offset, bytes, from, table.at[number] as number)) {
    finish(state, number, 0);
    if (isHalfFull(log)) flushSoon(state);
    return;
  }
  table.state[number] = HELD;
  table.order[number] = state.sent;
  state.held++;
  flushSoon(state);
}

function failed(state: ClientState, number: number, error: number): string | undefined {
  if (number === REPLAY) return `what it had done it cannot do again: error ${error}`;
  if (state.table.command[number] === NBD_CMD_FLUSH) flushed(state, number, resultOf(error));
  else finish(state, number, resultOf(error));
  return undefined;
}

/** All parts of it are done. */
function succeeded(state: ClientState, number: number): void {
  const command = state.table.command[number];
  if (number === REPLAY) {
    finish(state, REPLAY, 0);
    state.replayed++;
    replay(state);
  } else if (command === NBD_CMD_READ) finish(state, number, 0);
  else if (command === NBD_CMD_FLUSH) flushed(state, number, 0);
  else written(state, number);
}

export function answersTo(state: ClientState): ReplySink {
  const { table } = state;
  return {
    begin: (error, high, low) => {
      const isSent = low < SLOTS && table.state[low] === SENT;
      if (!isSent || (table.order[low] as number) >>> 0 !== high) {
        return 'a reply to what was not asked';
      }
      if (error === NBD_ESHUTDOWN) return 'it is about to end';
      state.replying = low;
      state.error = error;
      state.received = 0;
      const hasData = error === 0 && table.command[low] === NBD_CMD_READ;
      return hasData ? (table.part[low] as number) : 0;
    },
    data: (bytes, start, end) => {
      const { replying, received } = state;
      const at = (table.at[replying] as number) + (table.done[replying] as number) + received;
      copyBytes(bytes, start, table.memory[replying] as Uint8Array, at, end - start);
      state.received = received + (end - start);
    },
    end: () => {
      const { replying: number, error } = state;
      if (error !== 0) return failed(state, number, error);
      const done = (table.done[number] as number) + (table.part[number] as number);
      table.done[number] = done;
      if (done < (table.bytes[number] as number)) enqueue(table, number);
      else succeeded(state, number);
      return undefined;
    },
  };
}
