/** Frames at random between a guest and a link, and what must become of each. */

import { equal, ok } from 'node:assert/strict';
import {
  NETIF_RSP_OKAY,
  NETTXF_csum_blank,
  NETTXF_data_validated,
  XEN_NETIF_GSO_TYPE_TCPV4,
  XEN_NETIF_GSO_TYPE_TCPV6,
} from '../../../shared/abi/netif.ts';
import type { Prng } from '../../../shared/core/prng.ts';
import { offloaded } from '../../net/frames.ts';
import { diesAt } from '../blk/deaths.ts';
import { ask, told } from './control.ts';
import { digest, randomBytes, someFrame, tcp4, tcp6 } from './frames.ts';
import {
  type Extra,
  type GuestQueue,
  type GuestRing,
  gsoExtra,
  offer,
  publishSent,
  type SendOptions,
  send,
  takeAnswers,
} from './guest.ts';
import { createMemoryLink, type MemoryLink, plain } from './memory-link.ts';
import { takeReceived } from './received.ts';
import { createHost, newProcess, type Served, serve, step, takeOver } from './world.ts';

export interface Traffic {
  readonly random: Prng;
  readonly link: MemoryLink;
  readonly served: Served;
  /** Digests of what was sent and came in, in order, that has not come out yet. */
  readonly out: string[][];
  readonly in: string[];
  /** What of them came out. */
  sent: number;
  received: number;
  /** Frames and requests, filters too. */
  asked: number;
  deaths: number;
  /** The multicast addresses that the guest has asked for, and the hash that it has set. */
  readonly addresses: Set<number>;
  algorithm: number;
  flags: number;
}

export function createTraffic(random: Prng, queues = 1): Traffic {
  const link = createMemoryLink();
  const served = serve(createHost(), { behind: link, queues });
  return {
    ...{ random, link, served, in: [], sent: 0, received: 0, asked: 0, deaths: 0 },
    out: Array.from({ length: queues }, () => []),
    ...{ addresses: new Set(), algorithm: 0, flags: 0 },
  };
}

/** A frame at random, and how a guest sends it. */
function randomFrame(random: Prng): readonly [Uint8Array, SendOptions] {
  const kind = random.below(10);
  if (kind < 6) {
    const frame = someFrame(random, 30 + random.below(random.chance(0.2) ? 9000 : 1500));
    return [frame, random.chance(0.2) ? { flags: NETTXF_data_validated } : {}];
  }
  const payload = randomBytes(random, 1 + random.below(random.chance(0.2) ? 20_000 : 1000));
  const isIpv4 = random.chance(0.5);
  const frame = isIpv4 ? tcp4(payload, 'blank') : tcp6(payload, 'blank');
  const type = isIpv4 ? XEN_NETIF_GSO_TYPE_TCPV4 : XEN_NETIF_GSO_TYPE_TCPV6;
  const extras = random.chance(0.6) ? [gsoExtra(type, 500)] : [];
  return [frame, { flags: NETTXF_csum_blank, extras }];
}

/** The same as a link has it. */
function headed(random: Prng): Uint8Array {
  const [frame, { flags, extras = [] }] = randomFrame(random);
  if (flags !== NETTXF_csum_blank) return plain(frame);
  const isIpv4 = frame[12] === 8;
  const l4 = isIpv4 ? 34 : 54;
  const gso = [isIpv4 ? 1 : 4, 500] as const;
  const large = extras.length > 0 ? { gso, headers: l4 + 20 } : {};
  return offloaded([...frame], { csum: [l4, 16], ...large });
}

function sendOne({ random, served, out }: Traffic): boolean {
  const number = random.below(served.guest.queues.length);
  const queue = served.guest.queues[number] as GuestQueue;
  const [frame, options] = randomFrame(random);
  if (!send(served.guest, queue, frame, options)) return false;
  (out[number] as string[]).push(digest(frame) as string);
  return true;
}

/** Always on the first queue: they are in order then. */
function changeFilter({ random, served, addresses }: Traffic): boolean {
  const queue = served.guest.queues[0] as GuestQueue;
  const address = random.below(80);
  const isAdded = random.chance(0.7) && addresses.size < 64;
  const extra: Extra = [isAdded ? 2 : 3, 1, address];
  // It is done, whoever dies meanwhile.
  const options = { extras: [extra], must: NETIF_RSP_OKAY };
  if (!send(served.guest, queue, new Uint8Array(0), options)) return false;
  if (isAdded) addresses.add(address);
  else addresses.delete(address);
  return true;
}

function askControl(traffic: Traffic): boolean {
  const { random, served } = traffic;
  const { front } = served.guest.control;
  if (front.reqPut - front.rspCons > 100) return false;
  if (random.chance(0.5)) {
    traffic.algorithm = random.below(2);
    ask(served.guest, 7, [traffic.algorithm]);
  } else if (traffic.algorithm === 1) {
    traffic.flags = random.below(16);
    ask(served.guest, 2, [traffic.flags]);
  } else return false;
  return true;
}

/** One thing that the guest or somebody behind it does. */
export function happen(traffic: Traffic): void {
  const { random, link, served } = traffic;
  const kind = random.below(20);
  let isDone = true;
  if (kind < 9) isDone = sendOne(traffic);
  else if (kind < 18) {
    const frame = headed(random);
    link.receive(frame);
    traffic.in.push(digest(frame.subarray(10)) as string);
  } else if (kind === 18) isDone = changeFilter(traffic);
  else isDone = askControl(traffic);
  if (isDone) traffic.asked++;
  for (const queue of served.guest.queues) {
    publishSent(queue);
    if (random.chance(0.3)) offer(served.guest, queue, random.below(40));
  }
}

/** Finds `name` in what is left of a line: those before it were lost. */
function passed(line: string[], name: string, mayLose: boolean): void {
  const at = line.indexOf(name);
  ok(at >= 0, 'a frame that nobody has sent, or that came twice, or too late');
  ok(mayLose || at === 0, `${at} frames are lost`);
  line.splice(0, at + 1);
}

/** Looks at all that came out. */
export function look(traffic: Traffic): void {
  const { link, served, out } = traffic;
  const mayLose = traffic.deaths > 0;
  for (const header of link.sent.splice(0)) {
    const name = digest(header.subarray(10)) as string;
    const line = out.find((each) => each.includes(name));
    ok(line !== undefined, 'a frame that nobody has sent, or that came twice');
    passed(line, name, mayLose);
    traffic.sent++;
  }
  for (const queue of served.guest.queues) {
    takeAnswers(served.guest, queue);
    for (const each of takeReceived(served.guest, queue)) {
      if (each === undefined) {
        ok(mayLose, 'a frame is lost');
        continue;
      }
      const name = digest(each.frame) as string;
      if (served.guest.queues.length === 1) passed(traffic.in, name, mayLose);
      else ok(traffic.in.splice(traffic.in.indexOf(name), 1).length === 1, 'a frame of nobody');
      traffic.received++;
    }
  }
  for (const { status } of told(served.guest)) equal(status, 0, 'what was asked is refused');
}

/** Of a ring that a process died at: as if it had not come to its last stores. */
function tear(random: Prng, { region, front }: GuestRing, before: Int32Array): void {
  const { words } = region;
  const slotWords = front.slotBytes / 4;
  const published = words[2] as number;
  const unseen = (words[0] as number) - published;
  for (let slot = random.below(20); slot < unseen; slot++) {
    const at = 16 + ((published + slot) & (front.slots - 1)) * slotWords;
    words.set(before.subarray(at, at + slotWords), at);
  }
}

/** A turn that dies at the n-th store from now on, and the next process; how many were left. */
export function turnUntil(traffic: Traffic, n: number): number | undefined {
  const { served, link, random } = traffic;
  const rings = served.guest.queues.flatMap(({ send, receive }) => [send, receive]);
  rings.push(served.guest.control);
  const before = rings.map(({ region }) => region.words.slice());
  const left = diesAt(n, () => step(served));
  if (left !== undefined) return left;
  traffic.deaths++;
  for (const [i, ring] of rings.entries()) tear(random, ring, before[i] as Int32Array);
  link.abandon();
  newProcess(served.host);
  // The next one may die as well, while it takes over.
  while (diesAt(random.chance(0.3) ? random.below(12) : 1e9, () => over(served)) === undefined) {
    traffic.deaths++;
  }
  return undefined;
}

function over(served: Served): void {
  equal(takeOver(served), undefined);
}

/** Until all is answered; then what the guest has set must be so. */
export function finish(traffic: Traffic): void {
  const { served, link, addresses } = traffic;
  const { guest } = served;
  const isOpen = (): boolean =>
    guest.queues.some(({ sent }) => sent.size > 0) ||
    guest.control.front.rspCons !== guest.control.front.reqProd ||
    link.incoming.some((frames) => frames.length > 0) ||
    served.vif.receive.some(({ waiting }) => waiting.count > 0);
  for (let rounds = 0; isOpen(); rounds++) {
    ok(rounds < 10_000, 'nothing comes of it');
    for (const queue of guest.queues) offer(guest, queue, 256);
    step(served);
    look(traffic);
  }
  const { multicast, hash } = served.vif;
  const found = Array.from({ length: 64 }, (_, place) => place)
    .filter((place) => multicast.words[2 * place + 1] !== 0)
    .map((place) => multicast.words[2 * place] as number);
  equal(found.sort().join(), [...addresses].sort().join(), 'the filter');
  equal(`${hash.algorithm} ${hash.flags}`, `${traffic.algorithm} ${traffic.flags}`, 'the hash');
  equal([...served.reports, ...served.broken].join(), '', 'complaints of an honest guest');
}
