/** What is asked of a disk: operations that wait, in order, and that are under way. */

import { assert } from '../../../shared/core/assert.ts';
import type { Offer } from '../../../shared/platform/grants.ts';

/** One who uses the disk, with memory that the back end may copy from and to. */
export interface User {
  readonly data: Offer;
  /** There are completions. */
  readonly onDone: () => void;
  /** Completed operations, two words each. */
  readonly done: Int32Array;
  doneWords: number;
}

/** One for each that there may be, used again and again. */
export interface Operation {
  user: User | undefined;
  /** The user's. */
  number: number;
  /** BLKIF_OP_... */
  what: number;
  isSecure: boolean;
  /** Of 512 bytes. */
  sector: number;
  /** Where its data lies in the user's memory; of a discard, sectors are its bytes by 512. */
  at: number;
  bytes: number;
  /** Bytes that requests were put for, and requests that are not answered. */
  put: number;
  underWay: number;
  /** 0, or the first errno of Linux's that a piece of it failed with, negative. */
  result: number;
  /** Its age: those asked for earlier have lower ones. */
  order: number;
  /** Who waits behind it. */
  behind: Operation | undefined;
}

export interface Operations {
  /** As many as there were at once. */
  readonly all: Operation[];
  readonly free: Operation[];
  /** Those of which no or not all requests were put. */
  first: Operation | undefined;
  last: Operation | undefined;
  next: number;
}

export function createOperations(): Operations {
  return { all: [], free: [], first: undefined, last: undefined, next: 0 };
}

function createOperation({ all }: Operations): Operation {
  const operation: Operation = {
    ...{ user: undefined, number: 0, what: 0, isSecure: false, sector: 0, at: 0, bytes: 0 },
    ...{ put: 0, underWay: 0, result: 0, order: 0, behind: undefined },
  };
  all.push(operation);
  return operation;
}

/** One more, to be filled in, behind all others. Each user has NUMBERS_MAX of them at most. */
export function addOperation(operations: Operations): Operation {
  const operation = operations.free.pop() ?? createOperation(operations);
  operation.order = operations.next++;
  wait(operations, operation);
  return operation;
}

function wait(operations: Operations, operation: Operation): void {
  operation.put = 0;
  operation.underWay = 0;
  operation.result = 0;
  operation.behind = undefined;
  if (operations.last === undefined) operations.first = operation;
  else operations.last.behind = operation;
  operations.last = operation;
}

/** All its requests are put. */
export function dropFirst(operations: Operations): void {
  operations.first = operations.first?.behind;
  if (operations.first === undefined) operations.last = undefined;
}

/** Tells its user, and has it back. */
export function complete(operations: Operations, operation: Operation): void {
  const { user } = operation;
  assert(user !== undefined, 'an operation completed twice');
  user.done[user.doneWords++] = operation.number;
  user.done[user.doneWords++] = operation.result;
  operation.user = undefined;
  operations.free.push(operation);
}

/** The ring and what was under way in it are gone: all begins anew, the oldest first. */
export function beginAnew(operations: Operations): void {
  const live = operations.all.filter(({ user }) => user !== undefined);
  live.sort((a, b) => a.order - b.order);
  operations.first = undefined;
  operations.last = undefined;
  for (const operation of live) wait(operations, operation);
}
