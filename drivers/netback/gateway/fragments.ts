/**
 * Packets in pieces: what was decided for the first piece holds for the others, which have no
 * ports. A piece that comes before its first is dropped. In this process's own memory.
 */

import { PORTS_MAX } from '../switch/limits.ts';
import { FRAGMENTED_MAX, FRAGMENTED_PER_PORT, FRAGMENTED_S } from './limits.ts';

/** Of an entry: kind, four words each of source and target, identification, and what it becomes. */
const WORDS = 12;
const ADDRESSES = 1;
const ID = 9;
const ADDRESS = 10;
const NEW_ID = 11;

export interface Fragments {
  readonly words: Int32Array;
  readonly untilS: Float64Array;
  /** By entry: whose it is. */
  readonly ports: Int16Array;
  /** By port. */
  readonly counts: Int16Array;
}

export function createFragments(): Fragments {
  return {
    words: new Int32Array(WORDS * FRAGMENTED_MAX),
    untilS: new Float64Array(FRAGMENTED_MAX).fill(-1),
    ports: new Int16Array(FRAGMENTED_MAX).fill(-1),
    counts: new Int16Array(PORTS_MAX + 1),
  };
}

/** What all pieces of a packet have in common. `kind` is a side and a protocol. */
export interface PieceKey {
  kind: number;
  readonly source: Int32Array;
  readonly target: Int32Array;
  id: number;
}

export function createPieceKey(): PieceKey {
  return { kind: 0, source: new Int32Array(4), target: new Int32Array(4), id: 0 };
}

function isAt({ words }: Fragments, entry: number, key: PieceKey): boolean {
  const at = entry * WORDS;
  if (words[at + ID] !== (key.id | 0) || words[at] !== key.kind) return false;
  for (let i = 0; i < 4; i++) {
    if (words[at + ADDRESSES + i] !== key.source[i]) return false;
    if (words[at + ADDRESSES + 4 + i] !== key.target[i]) return false;
  }
  return true;
}

/** The entry of the packet; -1: its first piece was not seen, or was dropped. */
export function findPieces(all: Fragments, key: PieceKey, nowS: number): number {
  for (let entry = 0; entry < FRAGMENTED_MAX; entry++) {
    if ((all.untilS[entry] as number) >= nowS && isAt(all, entry, key)) return entry;
  }
  return -1;
}

function end(all: Fragments, entry: number): void {
  const port = all.ports[entry] as number;
  if (port >= 0) all.counts[port] = (all.counts[port] as number) - 1;
  all.ports[entry] = -1;
  all.untilS[entry] = -1;
}

/**
 * The first piece passes: the others get the same address and identification. False: there are too
 * many packets in pieces, of this port or in all.
 */
export function notePieces(
  all: Fragments,
  key: PieceKey,
  port: number,
  address: number,
  newId: number,
  nowS: number,
): boolean {
  let place = findPieces(all, key, nowS);
  for (let entry = 0; entry < FRAGMENTED_MAX; entry++) {
    if ((all.untilS[entry] as number) >= nowS) continue;
    end(all, entry);
    if (place < 0) place = entry;
  }
  if (place < 0) return false;
  if (all.ports[place] !== port) {
    if ((all.counts[port] as number) >= FRAGMENTED_PER_PORT) return false;
    end(all, place);
    all.ports[place] = port;
    all.counts[port] = (all.counts[port] as number) + 1;
  }
  const at = place * WORDS;
  all.words[at] = key.kind;
  for (let i = 0; i < 4; i++) {
    all.words[at + ADDRESSES + i] = key.source[i] as number;
    all.words[at + ADDRESSES + 4 + i] = key.target[i] as number;
  }
  all.words[at + ID] = key.id;
  all.words[at + ADDRESS] = address;
  all.words[at + NEW_ID] = newId;
  all.untilS[place] = nowS + FRAGMENTED_S;
  return true;
}

export const pieceAddress = ({ words }: Fragments, entry: number): number =>
  (words[entry * WORDS + ADDRESS] as number) >>> 0;
export const pieceId = ({ words }: Fragments, entry: number): number =>
  words[entry * WORDS + NEW_ID] as number;
