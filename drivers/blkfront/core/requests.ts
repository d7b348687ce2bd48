/** Requests as they lie in our ring and in pages of segments (io/blkif.h @ RELEASE-4.17.0). */

import {
  BLKIF_DISCARD_SECURE,
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
  BLKIF_OP_DISCARD,
  BLKIF_OP_INDIRECT,
} from '../../../shared/abi/blkif.ts';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';
import { BITS_64 } from '../../../shared/ring/blkif-slots.ts';
import type { Operation } from './operations.ts';

const { slotBytes, idWord, sectorWord, restWord, grefsWord } = BITS_64;
const SLOT_WORDS = slotBytes / 4;

/** Of a request, the device's number; nobody reads it. */
const HANDLE = 0;

function putWide(words: Int32Array, at: number, value: number): void {
  words[at] = value | 0;
  words[at + 1] = Math.floor(value / 2 ** 32);
}

function putHead(words: Int32Array, at: number, head: number, id: number, sector: number): void {
  words.fill(0, at, at + SLOT_WORDS);
  words[at] = head;
  words[at + idWord] = id;
  putWide(words, at + sectorWord, sector);
}

/** Pages that so many bytes from an offset on lie in. */
export function pagesOf(at: number, bytes: number): number {
  return Math.ceil(((at & (PAGE_SIZE - 1)) + bytes) / PAGE_SIZE);
}

/** Bytes from an offset on that lie in so many pages at most. */
export function bytesIn(pages: number, at: number, bytes: number): number {
  return Math.min(bytes, pages * PAGE_SIZE - (at & (PAGE_SIZE - 1)));
}

/** Segments for data at `from` of the user's memory, two words each. */
function putSegments(
  words: Int32Array,
  to: number,
  { user }: Operation,
  from: number,
  bytes: number,
): void {
  const grefs = user?.data.grefs ?? [];
  const end = from + bytes;
  for (let at = from, word = to; at < end; word += 2) {
    const inPage = at & (PAGE_SIZE - 1);
    const size = Math.min(PAGE_SIZE - inPage, end - at);
    words[word] = grefs[(at - inPage) / PAGE_SIZE] as number;
    words[word + 1] = (inPage / 512) | (((inPage + size) / 512 - 1) << 8);
    at += size;
  }
}

/** A request for up to 11 segments, or for none. */
export function putDirect(
  words: Int32Array,
  at: number,
  id: number,
  operation: Operation,
  bytes: number,
): void {
  const { what, put, sector } = operation;
  const from = operation.at + put;
  const segments = bytes === 0 ? 0 : pagesOf(from, bytes);
  const head = what | (segments << 8) | (HANDLE << 16);
  putHead(words, at, head, id, sector + put / 512);
  putSegments(words, at + restWord, operation, from, bytes);
}

/** One whose segments lie in a page of ours. */
export function putIndirect(
  words: Int32Array,
  at: number,
  id: number,
  operation: Operation,
  bytes: number,
  list: { readonly words: Int32Array; readonly at: number; readonly gref: number },
): void {
  const { what, put, sector } = operation;
  const from = operation.at + put;
  const head = BLKIF_OP_INDIRECT | (what << 8) | (pagesOf(from, bytes) << 16);
  putHead(words, at, head, id, sector + put / 512);
  words[at + grefsWord] = list.gref;
  putSegments(list.words, list.at, operation, from, bytes);
}

export function putDiscard(
  words: Int32Array,
  at: number,
  id: number,
  { sector, bytes, isSecure }: Operation,
): void {
  const flags = isSecure ? BLKIF_DISCARD_SECURE : 0;
  putHead(words, at, BLKIF_OP_DISCARD | (flags << 8) | (HANDLE << 16), id, sector);
  putWide(words, at + restWord, bytes / 512);
}

export const DIRECT_PAGES = BLKIF_MAX_SEGMENTS_PER_REQUEST;
