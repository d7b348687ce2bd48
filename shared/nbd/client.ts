/**
 * A disk's operations as requests to a server, over connections that come and go. It knows no
 * socket: it is told of connections and of bytes, and asked for bytes to send.
 *
 * What is under way when a connection is lost is sent again on the next one. What was answered and
 * not flushed may be lost with a server, too: qemu-nbd keeps tables of qcow2 in memory of its own,
 * whatever its cache mode, and others keep data there. (Killed amid work, qemu-nbd loses writes
 * nearly every time: the test beside platform/unix/block-image.ts, without what follows.) The guest
 * goes on, and its next flush, answered by a server that never saw the write, would tell it that
 * the write is on the disk. To fail that flush is no way out: Linux's frontend takes the failure
 * for success (blkback's README), and a flush that is never answered is a disk that is gone. So
 * writes are kept until a flush has covered them, and are done again, in their order, before
 * anything else is asked of a server that is back (as NFS's clients do with writes that are not
 * committed: RFC 8881, 18.3.3). Where there is no room to keep one, it is answered after a flush of
 * ours. So nothing that was answered is lost as long as this process lives, flushed or not; and a
 * flush that was answered holds beyond that.
 *
 * If a server and this process are killed at once, what was answered and not flushed is as after
 * a power failure, which the guest did not see. A server that is not killed writes it at its end.
 *
 * A server without flush says nothing of what it has made sure of: a write counts as done when it
 * is answered, nothing is kept, and the disk says that there is no flush.
 */

import { assert } from '../core/assert.ts';
import { ERRNO } from '../core/errno.ts';
import { NUMBERS_MAX } from '../platform/block-io.ts';
import { answersTo } from './answers.ts';
import { begin, type ClientState, finish, replay } from './client-state.ts';
import type { NbdExport } from './export.ts';
import { UNFLUSHED_BYTES, UNFLUSHED_ENTRIES } from './limits.ts';
import { createOperations, FREE, REPLAY, SLOTS, sendAgain } from './operations.ts';
import { NBD_CMD_FLUSH } from './protocol.ts';
import { createReplies } from './replies.ts';
import { fillRequests } from './send.ts';
import { createUnflushed } from './unflushed.ts';

export interface NbdClient {
  /**
   * Asks for READ, WRITE, FLUSH or TRIM, at bytes of the export: a number has one at a time, and
   * its memory, from `at` on, is its own until it is completed.
   */
  ask(
    number: number,
    command: number,
    offset: number,
    bytes: number,
    memory: Uint8Array,
    at: number,
  ): void;
  /** A connection has ended its handshake, with this export. */
  connected(to: NbdExport): void;
  /** There is none any more. */
  lost(): void;
  /** Writes requests that wait into `into`: how many bytes. The largest request has to fit. */
  fill(into: Uint8Array): number;
  /** Takes what the server has sent; why it cannot be relied on any more, if so. */
  take(bytes: Uint8Array, start: number, end: number): string | undefined;
  /** What is completed, as BlockIo tells it. */
  completions(into: Int32Array): number;
  /** Whether there are completions. */
  hasCompletions(): boolean;
  /** Completes with EIO all that is under way. Not while there is a connection. */
  giveUp(): void;
  /** How many writes and discards are answered, and not flushed. */
  unflushed(): number;
}

export interface ClientOptions {
  /** A flush where it is not to be had is done at once: each write is as sure as it will be. */
  readonly canFlush: boolean;
  readonly isReadOnly: boolean;
  /** Room for them: UNFLUSHED_BYTES and UNFLUSHED_ENTRIES unless told otherwise. */
  readonly keptBytes?: number;
  readonly keptEntries?: number;
}

function createState(options: ClientOptions): ClientState {
  const { canFlush, isReadOnly } = options;
  const { keptBytes = UNFLUSHED_BYTES, keptEntries = UNFLUSHED_ENTRIES } = options;
  return {
    table: createOperations(),
    log: canFlush && !isReadOnly ? createUnflushed(keptBytes, keptEntries) : undefined,
    ...{ maxPayload: 0, isConnected: false, replayed: 0, sent: 0 },
    ...{ replying: 0, error: 0, received: 0 },
    ...{ done: new Int32Array(2 * NUMBERS_MAX), doneHead: 0, doneCount: 0, held: 0 },
  };
}

function takeCompletions(state: ClientState, into: Int32Array): number {
  const { done } = state;
  const count = Math.min(state.doneCount, into.length >> 1);
  for (let i = 0; i < count; i++) {
    const place = 2 * ((state.doneHead + i) % NUMBERS_MAX);
    into[2 * i] = done[place] as number;
    into[2 * i + 1] = done[place + 1] as number;
  }
  state.doneHead = (state.doneHead + count) % NUMBERS_MAX;
  state.doneCount -= count;
  return count;
}

/** Forgets what was sent, and has it sent again; what is done again begins anew. */
function lose(state: ClientState): void {
  state.isConnected = false;
  state.table.state[REPLAY] = FREE;
  state.held = 0;
  sendAgain(state.table);
}

function giveUp(state: ClientState): void {
  assert(!state.isConnected, 'replies may still come for what is given up');
  state.table.count = 0;
  for (let number = 0; number < SLOTS; number++) {
    if (state.table.state[number] !== FREE) finish(state, number, -ERRNO.EIO);
  }
}

export function createClient(options: ClientOptions): NbdClient {
  const state = createState(options);
  const { table, log } = state;
  const replies = createReplies(answersTo(state));
  return {
    ask: (number, command, offset, bytes, memory, at) => {
      assert(table.state[number] === FREE, 'a number that is under way already');
      table.offset[number] = offset;
      table.bytes[number] = bytes;
      table.memory[number] = memory;
      table.at[number] = at;
      if (command === NBD_CMD_FLUSH && !options.canFlush) finish(state, number, 0);
      else begin(state, number, command);
    },
    connected: ({ maxPayload }) => {
      replies.reset();
      state.maxPayload = maxPayload;
      state.isConnected = true;
      state.replayed = log?.first ?? 0;
      replay(state);
    },
    lost: () => lose(state),
    fill: (into) => fillRequests(state, into),
    take: replies.take,
    completions: (into) => takeCompletions(state, into),
    hasCompletions: () => state.doneCount > 0,
    giveUp: () => giveUp(state),
    unflushed: () => (log === undefined ? 0 : log.next - log.first),
  };
}
