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
import type { Region } from '../../shared/platform/region.ts';
import {
  BROKEN,
  readRing,
  resetRing,
  ringReady,
  writeRing,
  XENSTORE_REPLIES,
  XENSTORE_REQUESTS,
} from '../../shared/ring/byte-ring.ts';
import { HEADER_SIZE, PACKET_MAX } from '../../shared/xenstore/wire.ts';
import type { Connection } from './core/connection.ts';

const { serverFeatures, connection: state, error } = xenstoreDomainInterface.fields;

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

export type Taken = 'packet' | 'nothing' | RingFault;

/** A packet under way is put together here; it moves to `held` if its rest has not come yet. */
const scratch = new Uint8Array(PACKET_MAX);

function u32At(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
  const high = ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
  return (low | high) >>> 0;
}

/** Hands at most one packet to `sink`; each byte of the page is read once. */
export function takePacket(ring: Ring, sink: RingSink): Taken {
  const { region, held } = ring;
  const bytes = held ?? scratch;
  let have = ring.heldBytes;
  let size = have < HEADER_SIZE ? HEADER_SIZE : HEADER_SIZE + u32At(bytes, 12);
  for (;;) {
    const count = readRing(region, XENSTORE_REQUESTS, bytes, have, size - have);
    if (count === BROKEN) return 'indices';
    if (count > 0) ring.owesNotify = true;
    have += count;
    if (have < size) return keep(ring, bytes, have);
    if (size > HEADER_SIZE) break;
    const length = u32At(bytes, 12);
    if (length > XENSTORE_PAYLOAD_MAX) return 'oversized';
    if (length === 0) break;
    size += length;
  }
  ring.held = undefined;
  ring.heldBytes = 0;
  sink(
    ring.connection,
    u32At(bytes, 0),
    u32At(bytes, 4),
    u32At(bytes, 8),
    bytes,
    HEADER_SIZE,
    size,
  );
  return 'packet';
}

function keep(ring: Ring, bytes: Uint8Array, have: number): Taken {
  if (have > 0 && ring.held === undefined) {
    ring.held = new Uint8Array(PACKET_MAX);
    ring.held.set(bytes.subarray(0, have));
  }
  ring.heldBytes = have;
  return 'nothing';
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
  if (output.size() === 0) return undefined;
  const bytes = output.peek();
  const count = writeRing(ring.region, XENSTORE_REPLIES, bytes, 0, bytes.length);
  if (count === BROKEN) return 'indices';
  if (count === 0) return undefined;
  ring.owesNotify = true;
  sent?.(bytes.subarray(0, count));
  output.consume(count);
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
  return Atomics.load(region.words, state.at / 4) === XENSTORE_RECONNECT;
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
