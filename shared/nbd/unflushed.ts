/**
 * What a server has answered and not yet made sure of: writes with copies of their data, and
 * discards, in the order of their answers.
 */

import { copyBytes } from '../core/bytes.ts';
import { NBD_CMD_WRITE } from './protocol.ts';

export interface Unflushed {
  /** Where data of entries lies. */
  readonly memory: Uint8Array;
  /** By number modulo the length of each. */
  readonly command: Uint8Array;
  readonly offset: Float64Array;
  readonly bytes: Float64Array;
  /** Where in all data ever, of which memory is a window. */
  readonly start: Float64Array;
  /** Numbers of the oldest entry, and of the next one. */
  first: number;
  next: number;
  /** Where the next data goes. */
  end: number;
}

export function createUnflushed(bytes: number, entries: number): Unflushed {
  return {
    memory: new Uint8Array(bytes),
    command: new Uint8Array(entries),
    offset: new Float64Array(entries),
    bytes: new Float64Array(entries),
    start: new Float64Array(entries),
    ...{ first: 0, next: 0, end: 0 },
  };
}

function beginning({ start, first, next, end }: Unflushed): number {
  return first === next ? end : (start[first % start.length] as number);
}

/** Copies what was asked; false if there is no room. */
export function addUnflushed(
  log: Unflushed,
  command: number,
  offset: number,
  bytes: number,
  from: Uint8Array,
  at: number,
): boolean {
  const { memory, start } = log;
  if (log.next - log.first === start.length) return false;
  const size = command === NBD_CMD_WRITE ? bytes : 0;
  // In one piece: the rest of the memory is passed over if it is too small.
  const place = log.end % memory.length;
  const gap = place + size > memory.length ? memory.length - place : 0;
  if (log.end + gap + size - beginning(log) > memory.length) return false;
  const index = log.next % start.length;
  log.command[index] = command;
  log.offset[index] = offset;
  log.bytes[index] = bytes;
  start[index] = log.end + gap;
  copyBytes(from, at, memory, (log.end + gap) % memory.length, size);
  log.end += gap + size;
  log.next++;
  return true;
}

/** The server has made sure of all before that number. */
export function dropUnflushed(log: Unflushed, before: number): void {
  if (before > log.first) log.first = before;
}

/** Whether it is time to ask for a flush, so that nobody has to wait for room. */
export function isHalfFull(log: Unflushed): boolean {
  const entries = log.next - log.first;
  return 2 * entries >= log.start.length || 2 * (log.end - beginning(log)) >= log.memory.length;
}
