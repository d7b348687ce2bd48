/** A vif that is taken on: from the start of its rings, or from where a predecessor left them. */

import {
  NETIF_RSP_DROPPED,
  NETIF_RSP_ERROR,
  NETIF_RSP_OKAY,
  NETTXF_extra_info,
  NETTXF_more_data,
  XEN_NETIF_EXTRA_TYPE_MCAST_ADD,
  XEN_NETIF_EXTRA_TYPE_MCAST_DEL,
} from '../../../shared/abi/netif.ts';
import { claim, disown, ownerOf } from '../../../shared/backend/claim.ts';
import type { Port } from '../../../shared/core/ids.ts';
import type { Rate } from '../../../shared/core/rate.ts';
import type { Region } from '../../../shared/platform/region.ts';
import {
  type BackRing,
  consumeRequests,
  createBackRing,
  nextResponse,
  publishedRequests,
  publishedResponses,
  publishResponses,
  slotAt,
} from '../../../shared/ring/io-ring.ts';
import {
  CONTROL_SLOT_BYTES,
  extraHasMore,
  extraResponse,
  extraType,
  RX_SLOT_BYTES,
  rxId,
  rxRest,
  TX_SLOT_BYTES,
  txFlags,
  txId,
  txResponse,
} from '../../../shared/ring/netif-slots.ts';
import { countMore, publishTally } from '../../../shared/telemetry/counter-page.ts';
import { LOST } from '../../../shared/telemetry/net-counters.ts';
import { answerControl } from './control.ts';
import { createHash, useKey } from './hash.ts';
import { type Identity, identityWords } from './identity.ts';
import {
  bufferOf,
  clearJournal,
  controlOf,
  noteBuffer,
  noteSent,
  noteUsed,
  recoverHash,
  recoverMulticast,
  sentOf,
  usedOf,
} from './journal.ts';
import { createMulticast } from './multicast.ts';
import { createPlanned, createRequest, createSlots, type Vif } from './vif.ts';
import { createWaiting } from './waiting.ts';

/** A queue's rings, mapped, and their ports, which may be one. */
export interface QueueParts {
  readonly send: Region;
  readonly receive: Region;
  readonly sendPort: Port;
  readonly receivePort: Port;
}

export interface VifParts
  extends Pick<
    Vif,
    | 'domid'
    | 'can'
    | 'behind'
    | 'journal'
    | 'tally'
    | 'waitingMemory'
    | 'report'
    | 'broken'
    | 'wake'
  > {
  readonly queues: readonly QueueParts[];
  readonly control: { readonly region: Region; readonly port: Port } | undefined;
  /** Absent: it may send as much as it can. */
  readonly rate?: Rate | undefined;
  /** The guest wants only the multicast that it has asked for. */
  readonly isFiltering: boolean;
}

const ahead = (a: number, b: number): number => (a - b) >>> 0;

function createVif(parts: VifParts, from: (region: Region) => number): Vif {
  const { domid, can, behind, journal, tally, queues, control } = parts;
  const { waitingMemory, report, broken, wake } = parts;
  const receive: Vif['receive'][number][] = [];
  const vif: Vif = {
    ...{ domid, can, behind, journal, tally, waitingMemory, report, broken, wake, receive },
    send: queues.map(({ send, sendPort: port }, number) => ({
      ...{ number, port, slots: createSlots() },
      ring: createBackRing(send, TX_SLOT_BYTES, from(send)),
    })),
    control: control && {
      port: control.port,
      ring: createBackRing(control.region, CONTROL_SLOT_BYTES, from(control.region)),
      request: createRequest(),
    },
    ...{ hash: createHash(), multicast: createMulticast(), reported: new Set<string>() },
    ...{ isBroken: false, isClosed: false, first: 0, isStarved: false },
    ...{ rate: parts.rate, heldMs: 0 },
    wanted: Array.from({ length: behind.queues }, () => false),
  };
  vif.multicast.isOn = parts.isFiltering;
  for (const [number, { receive: region, receivePort: port }] of queues.entries()) {
    receive.push({
      ...{ vif, number, port, planned: createPlanned(), waiting: createWaiting() },
      ring: createBackRing(region, RX_SLOT_BYTES, from(region)),
      ...{ isTouched: false, isHeard: false, starvedSinceMs: -1 },
    });
  }
  return vif;
}

/** For rings that begin. */
export function openNewVif(parts: VifParts, identity: Identity): Vif {
  const { journal } = parts;
  disown(journal);
  clearJournal(journal);
  claim(journal, identityWords(identity));
  return createVif(parts, () => 0);
}

/** How far a predecessor came in a ring by a word of its journal, if that can be. */
function endOf(ring: BackRing, noted: number | undefined): number {
  const there = publishedRequests(ring.region);
  const all = ahead(there, ring.rspProd);
  if (noted === undefined) return there;
  const taken = ahead(noted, ring.rspProd);
  return taken <= all ? noted : there;
}

/**
 * Answers what the guest had sent up to `end` as dropped. Flags, ids and the types of extras stay
 * in slots that are answered, so that it is all the same which answers are there already. Filters
 * were changed before their packets counted as taken.
 */
function answerSent({ ring }: Vif['send'][number], end: number): number {
  const { words } = ring.region;
  let hasExtra = false;
  let hasMore = false;
  let packets = 0;
  while (ring.rspPut !== end) {
    const at = slotAt(ring, ring.rspPut) / 4;
    consumeRequests(ring, 1);
    nextResponse(ring);
    if (hasExtra) {
      hasExtra = extraHasMore(words, at);
      words[at] = extraResponse(words, at);
      continue;
    }
    const flags = txFlags(words, at);
    if (!hasMore) {
      packets++;
      hasExtra = (flags & NETTXF_extra_info) !== 0;
    }
    hasMore = (flags & NETTXF_more_data) !== 0;
    const isFilter = hasExtra && isFilterChange(ring, end);
    words[at] = txResponse(txId(words, at), isFilter ? NETIF_RSP_OKAY : NETIF_RSP_DROPPED);
  }
  return packets;
}

/** Whether one of the extras from the next answer's slot on changes the filter. */
function isFilterChange(ring: BackRing, end: number): boolean {
  const { words } = ring.region;
  for (let index = ring.rspPut; index !== end; index = (index + 1) >>> 0) {
    const at = slotAt(ring, index) / 4;
    const type = extraType(words, at);
    if (type === XEN_NETIF_EXTRA_TYPE_MCAST_ADD || type === XEN_NETIF_EXTRA_TYPE_MCAST_DEL) {
      return true;
    }
    if (!extraHasMore(words, at)) return false;
  }
  return false;
}

/**
 * Gives buffers up to `end` back: some may have been written to, and of none is it known how far.
 * Frontends offer them again (xennet_move_rx_slot in xen-netfront.c @ v6.12).
 */
function returnBuffers(
  { ring, number, vif: { journal } }: Vif['receive'][number],
  end: number,
  isNoted: boolean,
): number {
  const { words } = ring.region;
  const count = ahead(end, ring.rspPut);
  while (ring.rspPut !== end) {
    const slot = ring.rspPut & (ring.slots - 1);
    const at = slotAt(ring, ring.rspPut) / 4;
    consumeRequests(ring, 1);
    nextResponse(ring);
    // Of a frame's extra that is there already nothing tells whose slot it was.
    const id = isNoted ? bufferOf(journal, number, slot) : rxId(words, at);
    noteBuffer(journal, number, slot, id);
    words[at] = id;
    words[at + 1] = rxRest(0, NETIF_RSP_ERROR);
  }
  return count;
}

/** What there is of a predecessor's: undefined where nobody knows what it did. */
function recoverRings(vif: Vif, journal: Region | undefined): void {
  let lost = 0;
  for (const queue of vif.send) {
    const end = endOf(queue.ring, journal && sentOf(journal, queue.number));
    lost += answerSent(queue, end);
  }
  for (const queue of vif.receive) {
    const noted = journal && usedOf(journal, queue.number);
    const end = endOf(queue.ring, noted);
    // What it noted is of the slots before `end` if that is where it came to.
    lost += returnBuffers(queue, end, end === noted);
  }
  countMore(vif.tally, LOST, lost);
  const { control } = vif;
  const done = control && journal && controlOf(journal, control.ring.reqCons);
  if (control === undefined || done === undefined) return;
  consumeRequests(control.ring, 1);
  answerControl(control, done.status, done.data);
}

function isPossible({ ring }: { readonly ring: BackRing }): boolean {
  return ahead(publishedRequests(ring.region), ring.rspProd) <= ring.slots;
}

/**
 * For rings that were served before: what was in hand is answered as lost. Its frontends are then
 * to be told by an event each. What does not add up in the journal costs frames, and what the
 * frontend has set; nothing is answered twice. A text: the rings are impossible.
 */
export function openServedVif(parts: VifParts, identity: Identity): Vif | string {
  const { journal, report } = parts;
  const vif = createVif(parts, publishedResponses);
  const { send, receive, control } = vif;
  const rings = [...send, ...receive, ...(control === undefined ? [] : [control])];
  if (!rings.every(isPossible)) return 'the indices of a ring are impossible';
  const words = identityWords(identity);
  const owner = ownerOf(journal, words);
  if (owner === 'this') {
    recoverHash(journal, vif.hash);
    useKey(vif.hash);
    recoverMulticast(journal, vif.multicast);
  } else {
    if (owner === 'damaged') report('what its journal said: it is damaged');
    else if (owner === 'lost') report('what its journal said: it is lost');
    else if (owner !== 'other') report(`what its journal said: it is of version ${owner}`);
    disown(journal);
    clearJournal(journal);
  }
  recoverRings(vif, owner === 'this' ? journal : undefined);
  for (const { number, ring } of send) noteSent(journal, number, ring.reqCons);
  for (const { number, ring } of receive) noteUsed(journal, number, ring.reqCons);
  if (owner !== 'this') claim(journal, words);
  for (const { ring } of rings) publishResponses(ring);
  publishTally(vif.tally);
  return vif;
}
