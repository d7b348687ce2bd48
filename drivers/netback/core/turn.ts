/**
 * A turn of a vif: what its guest asks for and sends, and what there is for it. Each step is taken
 * for all packets of all rings together, and each frontend hears of it once.
 */

import { fill } from '../../../shared/core/rate.ts';
import { VIRTIO_HEADER_BYTES } from '../../../shared/net/offload.ts';
import {
  awaitMoreRequests,
  awaitRequests,
  publishResponses,
  requestsReady,
} from '../../../shared/ring/io-ring.ts';
import { count, publishTally } from '../../../shared/telemetry/counter-page.ts';
import { EVENTS_SENT, TURNS } from '../../../shared/telemetry/net-counters.ts';
import { takeControls } from './control.ts';
import { deliver, deliverWaiting } from './deliver.ts';
import { FRAME_SLOTS_MAX, FRAMES_PER_TURN, INBOX_FRAMES } from './limits.ts';
import { settle, tell } from './receive.ts';
import { sendPackets } from './send.ts';
import { breakVif, INBOX_AT, INBOX_SLOT, type Room, type SendQueue, type Vif } from './vif.ts';

const INBOX_HEADER = INBOX_AT - VIRTIO_HEADER_BYTES;

/**
 * How many frames may be taken out of what is behind: as many as certainly find buffers, or one
 * that may have to wait for some; none where others wait already. What stays in a link costs
 * nothing of ours, and the link drops it when it has too much.
 */
function framesWelcome(vif: Vif): number {
  let most = 0;
  for (const { ring, waiting } of vif.receive) {
    const ready = requestsReady(ring);
    if (ready < 0) {
      breakVif(vif, 'the indices of a ring are impossible');
      return 0;
    }
    if (waiting.count === 0 && ready > most) most = ready;
  }
  return most === 0 ? 0 : Math.max(1, Math.floor(most / FRAME_SLOTS_MAX));
}

/** Takes frames out of one queue of what is behind, up to so many; how many, -1: there are none. */
function receiveQueue(room: Room, vif: Vif, queue: number, max: number): number {
  const { inbox, lengths } = room;
  let taken = 0;
  while (taken < max && !vif.isBroken) {
    const welcome = Math.min(framesWelcome(vif), max - taken, INBOX_FRAMES);
    if (welcome === 0) return taken;
    const frames = vif.behind.rx(queue, inbox, INBOX_HEADER, INBOX_SLOT, lengths, welcome);
    if (frames === 0) return -1;
    for (let i = 0; i < frames; i++) {
      deliver(room, vif, inbox, INBOX_HEADER + i * INBOX_SLOT, lengths[i] as number);
    }
    // The memory that they are in is for the next ones.
    settle(room);
    taken += frames;
  }
  return taken;
}

/** Asks the frontend for an event when it has buffers; whether it has some now. */
function awaitBuffers(vif: Vif): boolean {
  let hasSome = false;
  for (const { ring, waiting } of vif.receive) {
    if (waiting.count > 0) continue;
    const ready = requestsReady(ring);
    if (ready > 0 || awaitMoreRequests(ring, Math.max(ready, 0)) > 0) hasSome = true;
  }
  return hasSome;
}

/** A turn's share of what is behind; whether there is more that the guest can take. */
function receiveFrames(room: Room, vif: Vif): boolean {
  const { behind, wanted } = vif;
  let left = FRAMES_PER_TURN;
  for (let i = 0; i < behind.queues && left > 0 && !vif.isBroken; i++) {
    const queue = (vif.first + i) % behind.queues;
    // It has said that it has nothing, and will tell.
    if (wanted[queue] === true) continue;
    const taken = receiveQueue(room, vif, queue, left);
    if (taken >= 0) left -= taken;
    else {
      wanted[queue] = true;
      behind.want(queue, () => {
        wanted[queue] = false;
        vif.wake();
      });
    }
  }
  const isMore = wanted.includes(false);
  if (!isMore || vif.isBroken) return false;
  if (left === 0) return true;
  // It was not taken for want of buffers.
  const hasSome = awaitBuffers(vif);
  if (!hasSome) vif.isStarved = true;
  return hasSome;
}

/** Lets the frontend see what was answered of what it sent. */
function publishSent({ events }: Room, vif: Vif): void {
  const { send, receive, tally } = vif;
  for (let i = 0; i < send.length; i++) {
    const { ring, port } = send[i] as SendQueue;
    if (!publishResponses(ring)) continue;
    events.notify(port);
    count(tally, EVENTS_SENT);
    const other = receive[i];
    // One event tells of both.
    if (other !== undefined && other.port === port) other.isHeard = false;
  }
}

/** One turn; whether there is more to do at once, of which no event tells. */
export function turn(room: Room, vif: Vif, nowMs: number): boolean {
  if (vif.isBroken || vif.isClosed) return false;
  const { tally, send } = vif;
  room.nowMs = nowMs;
  vif.heldMs = 0;
  if (vif.rate !== undefined) fill(vif.rate, nowMs);
  count(tally, TURNS);
  // What was delivered between turns, and nobody has settled.
  settle(room);
  let isMore = takeControls(room, vif);
  deliverWaiting(room, vif);
  if (sendPackets(room, vif)) isMore = true;
  if (!vif.isBroken && receiveFrames(room, vif)) isMore = true;
  settle(room);
  if (!vif.isBroken) publishSent(room, vif);
  tell(room);
  vif.behind.submit();
  if (vif.isBroken) return false;
  // What its rate holds back waits for time, not for an event.
  if (vif.heldMs === 0) {
    for (const { ring } of send) if (awaitRequests(ring) !== 0) isMore = true;
  }
  const { control } = vif;
  if (control !== undefined && awaitRequests(control.ring) !== 0) isMore = true;
  publishTally(tally);
  return isMore;
}
