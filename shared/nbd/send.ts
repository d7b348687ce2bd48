/** Requests that wait, as bytes to send. */

import { copyBytes } from '../core/bytes.ts';
import type { ClientState } from './client-state.ts';
import { dequeue, FREE, headOf, nextPart, REPLAY, SENT, WAITING } from './operations.ts';
import { NBD_CMD_FLUSH, NBD_CMD_WRITE, REQUEST_BYTES } from './protocol.ts';
import { putRequest } from './request.ts';

/** Whose turn it is: while something is done again, nobody else's. Below 0: nobody's. */
function next({ table }: ClientState): number {
  if (table.state[REPLAY] === FREE) return headOf(table);
  return table.state[REPLAY] === WAITING ? REPLAY : -1;
}

/** Writes one request with its data at `at`: where the next one goes. */
function put(state: ClientState, number: number, part: number, into: Uint8Array, at: number) {
  const { table, log } = state;
  const command = table.command[number] as number;
  const done = table.done[number] as number;
  const order = ++state.sent;
  const offset = command === NBD_CMD_FLUSH ? 0 : (table.offset[number] as number) + done;
  table.order[number] = order;
  table.part[number] = part;
  table.state[number] = SENT;
  if (command === NBD_CMD_FLUSH) table.mark[number] = log?.next ?? 0;
  const behind = putRequest(into, at, command, order >>> 0, number, offset, part);
  if (command !== NBD_CMD_WRITE) return behind;
  const from = table.memory[number] as Uint8Array;
  copyBytes(from, (table.at[number] as number) + done, into, behind, part);
  return behind + part;
}

/** Whole requests, as many as fit; the largest does, or nothing would ever be sent. */
export function fillRequests(state: ClientState, into: Uint8Array): number {
  const { table } = state;
  let at = 0;
  if (!state.isConnected) return at;
  for (let number = next(state); number >= 0; number = next(state)) {
    const part = nextPart(table, number, state.maxPayload);
    const data = table.command[number] === NBD_CMD_WRITE ? part : 0;
    if (at + REQUEST_BYTES + data > into.length) break;
    if (number !== REPLAY) dequeue(table);
    at = put(state, number, part, into, at);
  }
  return at;
}
