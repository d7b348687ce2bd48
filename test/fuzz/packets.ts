/** Requests that no client sends, and streams of them, by seed. */

import {
  XS_GET_FEATURE,
  XS_GET_QUOTA,
  XS_SET_FEATURE,
  XS_SET_QUOTA,
} from '../../services/xenstored/core/features.ts';
import * as xs from '../../shared/abi/xs-wire.ts';
import type { Prng } from '../../shared/core/prng.ts';
import { encodePacket, HEADER_SIZE, putHeader } from '../../shared/xenstore/wire.ts';
import { randomPath, randomWish } from '../conformance/generate.ts';

const { XENSTORE_PAYLOAD_MAX } = xs;

const WORDS = [
  '',
  '/',
  '/a',
  '/a/b',
  '/a//',
  '/local/domain/',
  '/local/domain/1',
  '/local/domain/1/mine',
  'data',
  'mine',
  'mine/a',
  '..',
  '@releaseDomain',
  '@releaseDomain/1',
  '@introduceDomain',
  '@nothing',
  'n0',
  'b1',
  'r2',
  'T',
  'F',
  '0',
  '1',
  '2',
  '-1',
  '4294967296',
  'quota',
  'check',
  'nodes',
  'memory',
] as const;

/** Mostly words with NULs, now and then anything, now and then as much as a packet holds. */
export function randomPayload(random: Prng): Uint8Array {
  const bytes: number[] = [];
  for (let parts = random.below(5); parts > 0; parts--) {
    if (random.chance(0.2)) {
      for (let n = random.below(60); n > 0; n--) bytes.push(random.below(256));
    } else for (const c of random.pick(WORDS)) bytes.push(c.charCodeAt(0));
    if (random.chance(0.85)) bytes.push(0);
  }
  if (random.chance(0.02)) {
    const length = random.chance(0.5) ? XENSTORE_PAYLOAD_MAX : random.below(XENSTORE_PAYLOAD_MAX);
    while (bytes.length < length) bytes.push(0x61);
  }
  return Uint8Array.from(bytes);
}

type Maker = (random: Prng) => string;

const QUOTA_NAMES = ['nodes', 'memory', 'path-max', 'node-size', 'watches', 'soft-memory', 'x'];

/** Sensible requests that the sessions of the conformance tests leave out. */
const MORE: readonly (readonly [number, Maker])[] = [
  [xs.XS_WATCH, (r) => `${randomPath(r)}\0t\0${r.below(4) - 1}\0`],
  [xs.XS_WATCH, (r) => `@releaseDomain${r.pick(['', '/1', '/2'])}\0t\x001\0`],
  [xs.XS_SET_PERMS, (r) => `${randomPath(r)}\0n1\0r32757\0`],
  [xs.XS_INTRODUCE, (r) => `${r.below(4)}\x001\0${r.below(6)}\0`],
  [xs.XS_RELEASE, (r) => `${r.below(4)}\0`],
  [xs.XS_RESET_WATCHES, () => '\0'],
  [xs.XS_DIRECTORY_PART, (r) => `${randomPath(r)}\0${r.below(40)}\0`],
  [XS_GET_FEATURE, (r) => r.pick(['', '1\0', '9\0'])],
  [XS_SET_FEATURE, (r) => `${r.below(4)}\0${r.below(20)}\0`],
  [XS_GET_QUOTA, (r) => r.pick(['', `${r.pick(QUOTA_NAMES)}\0`, `1\0${r.pick(QUOTA_NAMES)}\0`])],
  [XS_SET_QUOTA, (r) => `${r.pick(QUOTA_NAMES)}\0${r.below(3000)}\0`],
  [XS_SET_QUOTA, (r) => `${r.below(4)}\0${r.pick(QUOTA_NAMES)}\0${r.below(3000)}\0`],
  [xs.XS_CONTROL, (r) => `quota\0set\0${r.pick(QUOTA_NAMES)}\0${r.below(3000)}\0`],
  [xs.XS_CONTROL, (r) => `${r.pick(['check', 'help', 'log\0on', 'print\0x', 'memreport'])}\0`],
];

function sensible(random: Prng): { type: number; payload: string; inside: boolean } {
  if (random.chance(0.85)) {
    const { type, payload, tx } = randomWish(random, false);
    return { type, payload, inside: tx === 'some' };
  }
  const [type, make] = random.pick(MORE);
  return { type, payload: make(random), inside: random.chance(0.2) };
}

/**
 * A well-formed packet: often a request that makes sense, else of any type, known or not. `open`
 * are transactions that it may be in.
 */
export function randomPacket(random: Prng, open: readonly number[]): Uint8Array {
  const anyTx = (): number => (open.length > 0 ? random.pick(open) : 0);
  if (random.chance(0.7)) {
    const { type, payload, inside } = sensible(random);
    return encodePacket(type, random.next(), inside ? anyTx() : 0, payload);
  }
  const type = random.chance(0.95) ? random.below(28) : random.next();
  const txId = random.chance(0.7) ? 0 : random.chance(0.9) ? anyTx() : random.next();
  return encodePacket(type, random.next(), txId, randomPayload(random));
}

/** A header that announces more than a packet may hold. */
function oversized(random: Prng): Uint8Array {
  const header = new Uint8Array(HEADER_SIZE);
  const length = XENSTORE_PAYLOAD_MAX + 1 + random.below(0x7fffffff);
  putHeader(header, 0, random.below(28), random.next(), 0, length * (random.chance(0.5) ? 1 : 2));
  return header;
}

/** A few packets one after the other; now and then one is damaged, cut short or no packet. */
export function randomStream(random: Prng, open: readonly number[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let count = 1 + random.below(4); count > 0; count--) {
    const packet = random.chance(0.01) ? oversized(random) : randomPacket(random, open);
    if (random.chance(0.05)) packet[random.below(packet.length)] = random.below(256);
    parts.push(random.chance(0.03) ? packet.subarray(0, random.below(packet.length)) : packet);
  }
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The ids of the latest transactions, from the replies; some of them have ended. */
export interface Begun {
  readonly ids: readonly number[];
  /** A reply has come. */
  heard(type: number, payload: string): void;
}

export function createBegun(): Begun {
  const ids: number[] = [];
  return {
    ids,
    heard: (type, payload) => {
      if (type !== xs.XS_TRANSACTION_START) return;
      ids.push(Number.parseInt(payload, 10));
      if (ids.length > 3) ids.shift();
    },
  };
}

/** The same bytes in pieces. */
export function inPieces(random: Prng, bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = random.chance(0.5) ? bytes.length - at : 1 + random.below(bytes.length - at);
    pieces.push(bytes.slice(at, at + size));
    at += size;
  }
  return pieces;
}
