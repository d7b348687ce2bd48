/** A vif: its rings, what its frontend can, what is behind it; and what all vifs work with. */

import { createFifo, type Fifo } from '../../../shared/backend/fifo.ts';
import { assert } from '../../../shared/core/assert.ts';
import type { Domid, Port } from '../../../shared/core/ids.ts';
import type { Rate } from '../../../shared/core/rate.ts';
import { createPacket, type Packet } from '../../../shared/net/packet.ts';
import type { Events } from '../../../shared/platform/events.ts';
import type { CopyBatch } from '../../../shared/platform/grants.ts';
import type { NetLink } from '../../../shared/platform/net-io.ts';
import { PAGE_SIZE, type Region } from '../../../shared/platform/region.ts';
import type { BackRing } from '../../../shared/ring/io-ring.ts';
import {
  CONTROL_SLOT_WORDS,
  NETIF_SLOTS,
  RX_SLOT_WORDS,
  TX_SLOT_WORDS,
} from '../../../shared/ring/netif-slots.ts';
import type { Tally } from '../../../shared/telemetry/counter-page.ts';
import { type Chain, createChain } from './chain.ts';
import type { Hash } from './hash.ts';
import { COPIES_MAX, INBOX_FRAMES, PACKETS_PER_TURN, SEGMENT_PAGES, SLAB_PAGES } from './limits.ts';
import type { Multicast } from './multicast.ts';
import type { Waiting } from './waiting.ts';

/**
 * What is behind a vif: a link, or a port of a switch. It gets the guest's frames by `tx`, and may
 * give some by `rx`; a switch gives them by `deliver` instead (rx.ts), also amid a turn of another
 * vif, straight out of the memory that it got them in.
 *
 * That memory stays as it is until `submit`, but for a checksum that was blank: whoever needs it
 * completes it in its place, and says so in the header.
 */
export type Behind = Pick<NetLink, 'queues' | 'tx' | 'rx' | 'want' | 'submit'>;

/** What a frontend can take. */
export interface Features {
  /** Frames in more than one buffer. */
  readonly sg: boolean;
  /** Large TCP frames, and blank checksums, of IPv4 and of IPv6. */
  readonly gso4: boolean;
  readonly gso6: boolean;
  readonly checksum4: boolean;
  readonly checksum6: boolean;
  /** It tells when it has offered buffers. */
  readonly rxNotify: boolean;
  /** Bytes that it wants left free in front of a frame, for programs that change it (XDP). */
  readonly headroom: number;
}

/** A ring on which the guest sends. */
export interface SendQueue {
  readonly number: number;
  readonly port: Port;
  readonly ring: BackRing;
  /** A copy of what was in the ring when its packets were taken. */
  readonly slots: Int32Array;
}

/** A ring of buffers in which the guest gets frames. */
export interface ReceiveQueue {
  readonly vif: Vif;
  readonly number: number;
  readonly port: Port;
  readonly ring: BackRing;
  /** Answers that are not in the ring yet, by slot. */
  readonly planned: Int32Array;
  readonly waiting: Waiting;
  /** Some were planned. */
  isTouched: boolean;
  /** Its frontend wants an event. */
  isHeard: boolean;
  /** Since when there are no buffers for what there is; -1: there are. */
  starvedSinceMs: number;
}

export interface ControlRing {
  readonly port: Port;
  readonly ring: BackRing;
  readonly request: Int32Array;
}

export interface Vif {
  readonly domid: Domid;
  readonly send: readonly SendQueue[];
  readonly receive: readonly ReceiveQueue[];
  readonly control: ControlRing | undefined;
  readonly can: Features;
  readonly behind: Behind;
  readonly hash: Hash;
  readonly multicast: Multicast;
  readonly journal: Region;
  readonly tally: Tally;
  /** Memory for frames that wait; undefined: there is none. */
  readonly waitingMemory: () => Region | undefined;
  /** Told once of each kind of wrong that the frontend does. */
  readonly report: (what: string) => void;
  /** The rings are not looked at any more. */
  readonly broken: (why: string) => void;
  /** Asks for a turn. */
  readonly wake: () => void;
  readonly reported: Set<string>;
  /** What the guest may send; undefined: as much as it can. */
  rate: Rate | undefined;
  /** It may send nothing for so many milliseconds from the turn on; 0: it may. */
  heldMs: number;
  isBroken: boolean;
  /** Takes nothing more. */
  isClosed: boolean;
  /** The queue that is looked at first. */
  first: number;
  /** What is behind was asked to tell when it has more, by its queues. */
  readonly wanted: boolean[];
  /** Frames wait for buffers. */
  isStarved: boolean;
}

/** Packets that a turn has taken, of one vif: a column for each of what is known. */
export interface Packets {
  count: number;
  readonly queue: Int32Array;
  /** The first of its slots, how many, and how many extras. */
  readonly slot: Int32Array;
  readonly slots: Int32Array;
  readonly extras: Int32Array;
  /** Where the frame is in the slab, without its header, and its bytes; 0: it is none. */
  readonly at: Int32Array;
  readonly bytes: Int32Array;
  readonly flags: Int32Array;
  readonly gsoType: Int32Array;
  readonly gsoSize: Int32Array;
  /** Where its copies end. */
  readonly copies: Int32Array;
  /** Its answer, as far as it is known. */
  readonly status: Int32Array;
}

/** What all vifs of a process work with, each in its turn: nothing stays here over turns. */
export interface Room {
  readonly batch: CopyBatch;
  readonly events: Pick<Events, 'notify'>;
  /** Where guests' packets are, frames out of links, and what large frames are cut into. */
  readonly slab: Region;
  readonly inbox: Region;
  readonly segments: Region;
  /** Bytes of segments that are used. */
  segmentsUsed: number;
  /** Pages of the slab that are used. */
  pages: number;
  readonly packets: Packets;
  readonly chain: Chain;
  /** What is in the frame that is looked at. */
  readonly packet: Packet;
  readonly lengths: Uint32Array;
  /** By copy to a guest: the queue, and the slot of its answer. */
  readonly copyQueue: (ReceiveQueue | undefined)[];
  readonly copySlot: Int32Array;
  /** Queues with planned answers, and those whose frontends want events. */
  readonly touched: Fifo<ReceiveQueue>;
  readonly heard: Fifo<ReceiveQueue>;
  /** Monotonic milliseconds, of the turn under way. */
  nowMs: number;
}

/** A frame of a link begins at the beginning of a page, so that most copies are whole pages. */
export const INBOX_AT = PAGE_SIZE;
export const INBOX_SLOT = 18 * PAGE_SIZE;

/** Queues that a turn may touch before all is put into rings. */
export const TOUCHED_MAX = 256;

function createPackets(): Packets {
  const column = () => new Int32Array(PACKETS_PER_TURN);
  return {
    ...{ count: 0, queue: column(), slot: column(), slots: column(), extras: column() },
    ...{ at: column(), bytes: column(), flags: column(), gsoType: column(), gsoSize: column() },
    ...{ copies: column(), status: column() },
  };
}

export interface RoomParts {
  /** Of COPIES_MAX. */
  readonly batch: CopyBatch;
  readonly events: Pick<Events, 'notify'>;
  /** Pages of ours. */
  readonly pages: (count: number) => Region;
}

export function createRoom({ batch, events, pages }: RoomParts): Room {
  assert(batch.max >= COPIES_MAX, 'a batch that some turns do not fit');
  return {
    batch,
    events,
    slab: pages(SLAB_PAGES),
    inbox: pages(1 + (INBOX_FRAMES * INBOX_SLOT) / PAGE_SIZE),
    segments: pages(SEGMENT_PAGES),
    segmentsUsed: 0,
    pages: 0,
    packets: createPackets(),
    chain: createChain(),
    packet: createPacket(),
    lengths: new Uint32Array(INBOX_FRAMES),
    copyQueue: new Array<ReceiveQueue | undefined>(batch.max).fill(undefined),
    copySlot: new Int32Array(batch.max),
    touched: createFifo(TOUCHED_MAX),
    heard: createFifo(TOUCHED_MAX),
    nowMs: 0,
  };
}

export const createSlots = (): Int32Array => new Int32Array(NETIF_SLOTS * TX_SLOT_WORDS);
export const createPlanned = (): Int32Array => new Int32Array(NETIF_SLOTS * RX_SLOT_WORDS);
export const createRequest = (): Int32Array => new Int32Array(NETIF_SLOTS * CONTROL_SLOT_WORDS);

/** The frontend's own fault: nothing of its rings counts any more. */
export function breakVif(vif: Vif, why: string): void {
  if (vif.isBroken) return;
  vif.isBroken = true;
  vif.broken(why);
}

/** Tells once of something wrong that costs the frontend one packet. */
export function complain(vif: Vif, what: string): void {
  if (vif.reported.has(what)) return;
  vif.reported.add(what);
  vif.report(what);
}
