/**
 * A disk that another domain serves: its ring, and who uses it. What is asked of it outlives the
 * ring: where the back end begins anew, all that was not answered is asked for again.
 */

import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
  BLKIF_RSP_EOPNOTSUPP,
  BLKIF_RSP_OKAY,
} from '../../../shared/abi/blkif.ts';
import { assert } from '../../../shared/core/assert.ts';
import { ok } from '../../../shared/core/result.ts';
import { BROKEN } from '../../../shared/core/ring-moves.ts';
import { type BlockIo, type BlockShape, NUMBERS_MAX } from '../../../shared/platform/block-io.ts';
import type { Offer } from '../../../shared/platform/grants.ts';
import { BITS_64 } from '../../../shared/ring/blkif-slots.ts';
import {
  awaitResponses,
  publishRequests,
  requestRoom,
  takeResponses,
} from '../../../shared/ring/io-ring.ts';
import {
  addOperation,
  beginAnew,
  complete,
  createOperations,
  dropFirst,
  type Operation,
  type Operations,
  type User,
} from './operations.ts';
import { putOne, type Slots, slotsOf, takeBack, type UplinkRing } from './slots.ts';

/** What the back end says that the disk is and can. */
export interface UplinkShape extends BlockShape {
  /** How it is told to write its cache to the disk; none: it says that it has no cache. */
  readonly flush: 'flush' | 'barrier' | 'none';
  /** Of an indirect request; 0: there are none. */
  readonly segmentsMax: number;
}

interface State {
  readonly operations: Operations;
  readonly users: Set<User>;
  readonly answers: Int32Array;
  readonly report: (what: string) => void;
  shape: UplinkShape;
  slots: Slots | undefined;
  isLying: boolean;
}

export interface Uplink {
  readonly shape: UplinkShape;
  /** The disk for one more who uses it, and whose memory is offered to its back end. */
  open(data: Offer, onDone: () => void): BlockIo;
  /** The back end serves this ring now, and all that was not answered is asked of it. */
  begin(ring: UplinkRing, shape: UplinkShape): void;
  /** The back end serves it no more: what is asked for waits. */
  end(): void;
  /** The size has changed. */
  resize(shape: UplinkShape): void;
  /** The ring has had an event. False: the back end lies, and is not listened to any more. */
  heard(): boolean;
}

const ANSWER_WORDS = BITS_64.slotBytes / 4;
const ANSWERS_PER_TURN = 32;
const EIO = -5;
const EOPNOTSUPP = -95;

function putWaiting(state: State): void {
  const { slots, operations, shape } = state;
  if (slots === undefined) return;
  while (operations.first !== undefined && requestRoom(slots.ring) > 0) {
    if (putOne(slots, operations.first, shape.segmentsMax)) dropFirst(operations);
  }
  if (publishRequests(slots.ring)) slots.parts.notify();
}

/** What an answer says, as an errno of Linux's. */
function resultOf(status: number): number {
  if (status === BLKIF_RSP_OKAY) return 0;
  return status === BLKIF_RSP_EOPNOTSUPP ? EOPNOTSUPP : EIO;
}

/** False: nobody has asked for what is answered. */
function takeAnswer({ operations }: State, slots: Slots, words: Int32Array, at: number): boolean {
  const id = words[at] as number;
  const tail = words[at + 2] as number;
  if (words[at + 1] !== 0 || (tail & 0xff) !== slots.owners[id]?.what) return false;
  const operation = takeBack(slots, id) as Operation;
  operation.underWay--;
  if (operation.result === 0) operation.result = resultOf(tail >> 16);
  if (operation.underWay === 0 && operation.put === operation.bytes) {
    complete(operations, operation);
  }
  return true;
}

function takeAnswers(state: State): boolean {
  const { slots, answers } = state;
  if (slots === undefined) return true;
  do {
    const count = takeResponses(slots.ring, answers, ANSWERS_PER_TURN);
    if (count === BROKEN) return false;
    for (let i = 0; i < count; i++) {
      if (!takeAnswer(state, slots, answers, i * ANSWER_WORDS)) return false;
    }
    if (count > 0) putWaiting(state);
  } while (awaitResponses(slots.ring) !== 0);
  return true;
}

function tellUsers({ users }: State): void {
  for (const user of users) if (user.doneWords > 0) user.onDone();
}

function heard(state: State): boolean {
  if (state.isLying) return false;
  if (!takeAnswers(state)) {
    state.isLying = true;
    state.slots = undefined;
    state.report('the back end answers what nobody has asked');
  }
  tellUsers(state);
  return !state.isLying;
}

function open(state: State, data: Offer, onDone: () => void): BlockIo {
  const { operations, users } = state;
  const user: User = { data, onDone, done: new Int32Array(2 * NUMBERS_MAX), doneWords: 0 };
  users.add(user);
  const add = (number: number, what: number, sector: number, at = 0, bytes = 0): Operation => {
    const operation = addOperation(operations);
    Object.assign(operation, { user, number, what, sector, at, bytes, isSecure: false });
    return operation;
  };
  let { shape } = state;
  return {
    get shape() {
      return shape;
    },
    measure: (sectorsMax) => {
      shape = { ...state.shape, sectors: Math.min(state.shape.sectors, sectorsMax) };
      return ok();
    },
    read: (number, sector, region, at, bytes) => {
      assert(region === data.region, 'memory that is not offered');
      add(number, BLKIF_OP_READ, sector, at, bytes);
    },
    write: (number, sector, region, at, bytes) => {
      assert(region === data.region, 'memory that is not offered');
      add(number, BLKIF_OP_WRITE, sector, at, bytes);
    },
    flush: (number) => {
      const { flush } = state.shape;
      if (flush === 'none') {
        user.done[user.doneWords++] = number;
        user.done[user.doneWords++] = 0;
      } else {
        add(number, flush === 'flush' ? BLKIF_OP_FLUSH_DISKCACHE : BLKIF_OP_WRITE_BARRIER, 0);
      }
    },
    discard: (number, sector, sectors, isSecure) => {
      add(number, BLKIF_OP_DISCARD, sector, 0, sectors * 512).isSecure = isSecure;
    },
    submit: () => {
      putWaiting(state);
      if (user.doneWords > 0) user.onDone();
    },
    completions: (into) => {
      const words = Math.min(into.length & ~1, user.doneWords);
      into.set(user.done.subarray(0, words));
      user.done.copyWithin(0, words, user.doneWords);
      user.doneWords -= words;
      return words / 2;
    },
    close: () => void users.delete(user),
  };
}

/** A disk whose back end is not connected yet. `report`: it lies. */
export function createUplink(shape: UplinkShape, report: (what: string) => void): Uplink {
  const state: State = {
    ...{ operations: createOperations(), users: new Set(), report, shape },
    ...{ answers: new Int32Array(ANSWERS_PER_TURN * ANSWER_WORDS) },
    ...{ slots: undefined, isLying: false },
  };
  return {
    get shape() {
      return state.shape;
    },
    open: (data, onDone) => open(state, data, onDone),
    begin: (ring, shape) => {
      state.shape = shape;
      state.slots = slotsOf(ring);
      state.isLying = false;
      beginAnew(state.operations);
      putWaiting(state);
    },
    end: () => {
      state.slots = undefined;
    },
    resize: (shape) => {
      state.shape = shape;
    },
    heard: () => heard(state),
  };
}
