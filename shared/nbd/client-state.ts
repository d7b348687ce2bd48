/** What a client of NBD knows of a disk, and how operations begin and end. */

import { NUMBERS_MAX } from '../platform/block-io.ts';
import { enqueue, FREE, HELD, NO_MEMORY, type Operations, REPLAY } from './operations.ts';
import type { Unflushed } from './unflushed.ts';

export interface ClientState {
  readonly table: Operations;
  /** Absent where there is nothing to keep. */
  readonly log: Unflushed | undefined;
  /** Of the server that is connected. */
  maxPayload: number;
  isConnected: boolean;
  /** The number of the entry that is done again, while one is. */
  replayed: number;
  /** Requests that were sent, ever. */
  sent: number;
  /** Whose reply is coming, its error, and how much of its data has come. */
  replying: number;
  error: number;
  received: number;
  /** Numbers and results of what is completed: a ring. */
  readonly done: Int32Array;
  doneHead: number;
  doneCount: number;
  /** Operations that are held. */
  held: number;
}

/** Has it sent; all but its command and progress is in its place. */
export function begin({ table }: ClientState, number: number, command: number): void {
  table.command[number] = command;
  table.done[number] = 0;
  enqueue(table, number);
}

/** It is done: those of our own are nobody's completions. */
export function finish(state: ClientState, number: number, result: number): void {
  const { table, done } = state;
  if (table.state[number] === HELD) state.held--;
  table.state[number] = FREE;
  table.memory[number] = NO_MEMORY;
  if (number >= NUMBERS_MAX) return;
  const place = 2 * ((state.doneHead + state.doneCount) % NUMBERS_MAX);
  done[place] = number;
  done[place + 1] = result;
  state.doneCount++;
}

/** Has the entry done again whose turn it is, if there is one. */
export function replay(state: ClientState): void {
  const { table, log, replayed } = state;
  if (log === undefined || replayed === log.next) return;
  const index = replayed % log.start.length;
  table.offset[REPLAY] = log.offset[index] as number;
  table.bytes[REPLAY] = log.bytes[index] as number;
  table.memory[REPLAY] = log.memory;
  table.at[REPLAY] = (log.start[index] as number) % log.memory.length;
  begin(state, REPLAY, log.command[index] as number);
}
