/** What is asked of a server, by number: tables made once, so that nothing is made by request. */

import { NUMBERS_MAX } from '../platform/block-io.ts';
import { PAYLOAD_MAX, TRIM_MAX } from './limits.ts';
import { NBD_CMD_FLUSH, NBD_CMD_TRIM } from './protocol.ts';

/** Numbers of our own: a flush that nobody asked for, and what is done again. */
export const OWN_FLUSH = NUMBERS_MAX;
export const REPLAY = NUMBERS_MAX + 1;
export const SLOTS = NUMBERS_MAX + 2;

/** What has become of an operation: answered ones may have to wait for a flush. */
export const FREE = 0;
export const WAITING = 1;
export const SENT = 2;
export const HELD = 3;

export interface Operations {
  readonly state: Uint8Array;
  readonly command: Uint8Array;
  /** Bytes of the export: where it begins, how many, and how many of them are done. */
  readonly offset: Float64Array;
  readonly bytes: Float64Array;
  readonly done: Float64Array;
  /** Bytes of its request that is under way: the rest has to wait for that one's reply. */
  readonly part: Float64Array;
  /** When that one was sent, or its reply came if it is held: how many were sent before. */
  readonly order: Float64Array;
  /** Of a flush: the number of the first entry that it says nothing of. */
  readonly mark: Float64Array;
  /** Where its data lies. */
  readonly memory: Uint8Array[];
  readonly at: Float64Array;
  /** Numbers in the order in which they are sent: a ring. */
  readonly queue: Uint16Array;
  head: number;
  count: number;
}

export const NO_MEMORY = new Uint8Array(0);

export function createOperations(): Operations {
  return {
    state: new Uint8Array(SLOTS),
    command: new Uint8Array(SLOTS),
    offset: new Float64Array(SLOTS),
    bytes: new Float64Array(SLOTS),
    done: new Float64Array(SLOTS),
    part: new Float64Array(SLOTS),
    order: new Float64Array(SLOTS),
    mark: new Float64Array(SLOTS),
    memory: new Array<Uint8Array>(SLOTS).fill(NO_MEMORY),
    at: new Float64Array(SLOTS),
    queue: new Uint16Array(SLOTS),
    ...{ head: 0, count: 0 },
  };
}

/** Has its next request wait for its turn; what is done again has it before all others. */
export function enqueue(table: Operations, number: number): void {
  table.state[number] = WAITING;
  if (number === REPLAY) return;
  table.queue[(table.head + table.count) % SLOTS] = number;
  table.count++;
}

/** The one whose turn it is; below 0: none. */
export function headOf({ queue, head, count }: Operations): number {
  return count === 0 ? -1 : (queue[head] as number);
}

export function dequeue(table: Operations): void {
  table.head = (table.head + 1) % SLOTS;
  table.count--;
}

/** Bytes of the next request of an operation. */
export function nextPart(
  { command, bytes, done }: Operations,
  number: number,
  maxPayload: number,
): number {
  const left = (bytes[number] as number) - (done[number] as number);
  if (command[number] === NBD_CMD_FLUSH) return 0;
  const most = command[number] === NBD_CMD_TRIM ? TRIM_MAX : Math.min(maxPayload, PAYLOAD_MAX);
  return Math.min(left, most);
}

/** All that was sent or answered, and is not done, has to be sent from its start. */
export function sendAgain(table: Operations): void {
  const { state, done } = table;
  table.count = 0;
  for (let number = 0; number < SLOTS; number++) {
    if (state[number] === FREE) continue;
    done[number] = 0;
    enqueue(table, number);
  }
}
