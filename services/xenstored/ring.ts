/**
 * One domain's ring as the daemon sees it: the page, its event channel, and the packet under way.
 */

import {
  XENSTORE_CONNECTED,
  XENSTORE_ERROR_COMM,
  XENSTORE_ERROR_NONE,
  XENSTORE_ERROR_PROTO,
  XENSTORE_ERROR_RINGIDX,
  XENSTORE_PAYLOAD_MAX,
  XENSTORE_RECONNECT,
  xenstoreDomainInterface,
} from '../../shared/abi/xs-wire.ts';
import type { Port } from '../../shared/core/ids.ts';
import { BROKEN, peekRing, takeRing, writeRing } from '../../shared/core/ring-moves.ts';
import type { Region } from '../../shared/platform/region.ts';
import {
  readRing,
  resetRing,
  ringReady,
  XENSTORE_REPLIES,
  XENSTORE_REQUESTS,
} from '../../shared/ring/byte-ring.ts';
import { HEADER_SIZE, PACKET_MAX } from '../../shared/xenstore/wire.ts';
import type { Connection } from './core/connection.ts';
import { consumeOutput } from './core/output.ts';

const { serverFeatures, connection: state, error } = xenstoreDomainInterface.fields;
const STATE_WORD = state.at / 4;

/** What makes a daemon give up a ring; see the page's `error` field. */
export type RingFault = 'indices' | 'oversized' | 'event channel';

const ERROR_OF: Readonly<Record<RingFault, number>> = {
  indices: XENSTORE_ERROR_RINGIDX,
  oversized: XENSTORE_ERROR_PROTO,
  'event channel': XENSTORE_ERROR_COMM,
};

export interface RingParts {
  readonly region: Region;
  /** Our end of the event channel; undefined if it could not be bound. */
  readonly port: Port | undefined;
  /** Frees the page. */
  readonly unmap: () => void;
}

export interface Ring {
  readonly connection: Connection;
  readonly region: Region;
  port: Port | undefined;
  readonly unmap: () => void;
  open: boolean;
  /** The start of a packet whose rest has not come: its bytes so far. */
  held: Uint8Array | undefined;
  heldBytes: number;
  /** Waits for its turn, or will be called for it by a timer. */
  queued: boolean;
  cancelTimer: (() => void) | undefined;
  /** Something was moved of which the domain has not been told. */
  owesNotify: boolean;
}

export function createRing(connection: Connection, parts: RingParts): Ring {
  return {
    connection,
    ...parts,
    open: true,
    held: undefined,
    heldBytes: 0,
    queued: false,
    cancelTimer: undefined,
    owesNotify: false,
  };
}

/** Takes one packet; valid during the call. */
export type RingSink = (
  from: Connection,
  type: number,
  reqId: number,
  txId: number,
  bytes: Uint8Array,
  start: number,
  end: number,
) => void;

/** `nothing`: all that was there is taken, and what comes now has an event of its own. */
export type Taken = 'packet' | 'nothing' | 'no room' | RingFault;

/** Packets that are there whole are handed out from here. */
const scratch = new Uint8Array(PACKET_MAX);

/** Their headers: processors that Xen runs on have the low byte first, as packets do. */
const scratchWords = new Uint32Array(scratch.buffer);

/**
 * Hands at most one packet to `sink`, from bytes of the page that are read once. One that is not
 * there whole is put together elsewhere: if there is no room for that it stays where it is.
 */
export function takePacket(ring: Ring, sink: RingSink, mayHold: () => boolean): Taken {
  if (ring.held === undefined) {
    // As a rule a packet is there whole: one look at the ring, and one word that it was taken.
    const have = peekRing(ring.region, XENSTORE_REQUESTS, scratch, 0, PACKET_MAX);
    if (have === 0) return 'nothing';
    if (have === BROKEN) return 'indices';
    const size = HEADER_SIZE + (have < HEADER_SIZE ? 0 : (scratchWords[3] as number));
    if (have >= size) {
      takeRing(ring.region, XENSTORE_REQUESTS, size);
      ring.owesNotify = true;
      const type = scratchWords[0] as number;
      const reqId = scratchWords[1] as number;
      sink(ring.connection, type, reqId, scratchWords[2] as number, scratch, HEADER_SIZE, size);
      return 'packet';
    }
    if (!mayHold()) return 'no room';
  }
  return takeParts(ring, sink);
}

/** Takes what is there of a packet: its end, perhaps. */
function takeParts(ring: Ring, sink: RingSink): Taken {
  ring.held ??= new Uint8Array(PACKET_MAX);
  const { held, region } = ring;
  const words = new Uint32Array(held.buffer);
  for (;;) {
    const isLong = ring.heldBytes >= HEADER_SIZE;
    const length = isLong ? (words[3] as number) : 0;
    if (length > XENSTORE_PAYLOAD_MAX) return 'oversized';
    const missing = HEADER_SIZE + length - ring.heldBytes;
    if (missing === 0) break;
    const count = readRing(region, XENSTORE_REQUESTS, held, ring.heldBytes, missing);
    if (count === BROKEN) return 'indices';
    if (count === 0) return 'nothing';
    ring.owesNotify = true;
    ring.heldBytes += count;
  }
  const size = ring.heldBytes;
  ring.held = undefined;
  ring.heldBytes = 0;
  const type = words[0] as number;
  const reqId = words[1] as number;
  sink(ring.connection, type, reqId, words[2] as number, held, HEADER_SIZE, size);
  return 'packet';
}

/** Whether there is something to take; a broken ring has, so that it is found out. */
export function hasInput({ region }: Ring): boolean {
  return ringReady(region, XENSTORE_REQUESTS) !== 0;
}

/** Moves output into the ring; `sent` is told of the bytes before they are gone. */
export function sendOutput(
  ring: Ring,
  sent: ((bytes: Uint8Array) => void) | undefined,
): RingFault | undefined {
  const { output } = ring.connection;
  while (output.size > 0) {
    const { bytes, head, tail } = output.first;
    const count = writeRing(ring.region, XENSTORE_REPLIES, bytes, head, tail);
    if (count === BROKEN) return 'indices';
    if (count === 0) return undefined;
    ring.owesNotify = true;
    sent?.(bytes.subarray(head, head + count));
    consumeOutput(output, count);
    if (count < tail - head) return undefined;
  }
  return undefined;
}

function put({ words }: Region, at: number, value: number): void {
  Atomics.store(words, at / 4, value);
}

/** Empties both rings and forgets the packet under way; the domain keeps away meanwhile. */
export function emptyRing(ring: Ring): void {
  ring.held = undefined;
  ring.heldBytes = 0;
  resetRing(ring.region, XENSTORE_REQUESTS);
  resetRing(ring.region, XENSTORE_REPLIES);
}

/** Offers what the store offers to this domain, and takes back an earlier error. */
export function openPage(ring: Ring, features: number): void {
  put(ring.region, serverFeatures.at, features);
  put(ring.region, error.at, XENSTORE_ERROR_NONE);
}

/** Whether the domain has asked to start anew, or its toolstack on its behalf. */
export function wantsReconnect({ region }: Ring): boolean {
  return region.words[STATE_WORD] === XENSTORE_RECONNECT;
}

export function setConnected(ring: Ring): void {
  put(ring.region, state.at, XENSTORE_CONNECTED);
  ring.owesNotify = true;
}

/** Tells the domain why it is not served any more. */
export function setFault(ring: Ring, fault: RingFault): void {
  ring.held = undefined;
  ring.heldBytes = 0;
  put(ring.region, error.at, ERROR_OF[fault]);
}
