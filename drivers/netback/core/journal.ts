/**
 * What must outlive a backend of a vif: how far its rings were looked at, and what the frontend has
 * set over its control ring. Pages that the next backend finds as the last one left them; each step
 * is one store of a word, in an order in which every prefix makes sense. The claim is in front
 * (shared/backend/claim.ts).
 *
 * All answers are given in the order of the slots, so that the rings themselves tell most: what is
 * before a ring's word may have been answered unseen, what is behind it is as the guest put it.
 */

import { CLAIM_END } from '../../../shared/backend/claim.ts';
import { PAGE_SIZE, type Region } from '../../../shared/platform/region.ts';
import { NETIF_SLOTS } from '../../../shared/ring/netif-slots.ts';
import type { Hash } from './hash.ts';
import { HASH_KEY_BYTES, HASH_MAPPING_MAX, MULTICAST_MAX, QUEUES_MAX } from './limits.ts';
import { isUsed, type Multicast } from './multicast.ts';

export const JOURNAL_PAGES = 2;

/** Two words of a queue: requests taken of its ring of sent packets, and of that of buffers. */
const QUEUES = CLAIM_END;
/** Of the control ring's last answer: one more than its index, its status and its data. */
const CONTROL_MARK = QUEUES + 2 * QUEUES_MAX;
const CONTROL_STATUS = CONTROL_MARK + 1;
const CONTROL_DATA = CONTROL_MARK + 2;
const HASH_ALGORITHM = CONTROL_MARK + 4;
const HASH_FLAGS = HASH_ALGORITHM + 1;
const HASH_SIZE = HASH_ALGORITHM + 2;
const HASH_KEY = HASH_ALGORITHM + 4;
const HASH_MAPPING = HASH_KEY + HASH_KEY_BYTES / 4;
const MULTICAST = HASH_MAPPING + HASH_MAPPING_MAX / 4;
const END = MULTICAST + 2 * MULTICAST_MAX;

/** On the second page: by queue and slot the id of the buffer that was there, in two bytes. */
const IDS = PAGE_SIZE;

const load = ({ words }: Region, at: number): number => Atomics.load(words, at) >>> 0;
const store = ({ words }: Region, at: number, value: number): void => {
  Atomics.store(words, at, value | 0);
};

/** Forgets everything: for rings that begin. */
export function clearJournal(journal: Region): void {
  journal.words.fill(0, QUEUES, END);
}

/** All packets before this index were taken, and what they change of the filter is kept. */
export function noteSent(journal: Region, queue: number, reqCons: number): void {
  store(journal, QUEUES + 2 * queue, reqCons);
}

/** Answers to buffers before this index may have been written. */
export function noteUsed(journal: Region, queue: number, reqCons: number): void {
  store(journal, QUEUES + 2 * queue + 1, reqCons);
}

/**
 * The buffer in a slot, before its answer is written: where that is an extra nothing of the id
 * stays in the slot.
 */
export function noteBuffer({ bytes }: Region, queue: number, slot: number, id: number): void {
  const at = IDS + 2 * (queue * NETIF_SLOTS + slot);
  bytes[at] = id;
  bytes[at + 1] = id >>> 8;
}

export function bufferOf({ bytes }: Region, queue: number, slot: number): number {
  const at = IDS + 2 * (queue * NETIF_SLOTS + slot);
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

export const sentOf = (journal: Region, queue: number): number => load(journal, QUEUES + 2 * queue);
export const usedOf = (journal: Region, queue: number): number =>
  load(journal, QUEUES + 2 * queue + 1);

/** The request at `index` is done: its answer, before it overwrites what was asked. */
export function noteControl(journal: Region, index: number, status: number, data: number): void {
  store(journal, CONTROL_DATA, data);
  store(journal, CONTROL_STATUS, status);
  store(journal, CONTROL_MARK, index + 1);
}

/** Whether the request at `index` is done, and then its answer. */
export function controlOf(
  journal: Region,
  index: number,
): { readonly status: number; readonly data: number } | undefined {
  if (load(journal, CONTROL_MARK) !== (index + 1) >>> 0) return undefined;
  return { status: load(journal, CONTROL_STATUS), data: load(journal, CONTROL_DATA) };
}

function storeBytes(journal: Region, at: number, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i += 4) {
    const word = bytes.subarray(i, i + 4).reduceRight((sum, byte) => (sum << 8) | byte, 0);
    store(journal, at + i / 4, word);
  }
}

/** The hash as it is. Where death comes in between, what was asked is done again. */
export function noteHash(journal: Region, hash: Hash): void {
  store(journal, HASH_ALGORITHM, hash.algorithm);
  store(journal, HASH_FLAGS, hash.flags);
  store(journal, HASH_SIZE, hash.size);
  storeBytes(journal, HASH_KEY, hash.key);
  storeBytes(journal, HASH_MAPPING, hash.mapping);
}

/** Reads a predecessor's; what no backend writes counts as nothing. */
export function recoverHash({ bytes, words }: Region, hash: Hash): void {
  const [algorithm, flags, size] = words.slice(HASH_ALGORITHM, HASH_KEY) as Int32Array;
  hash.algorithm = algorithm === 1 ? 1 : 0;
  hash.flags = (flags as number) & 0xf;
  hash.size = (size as number) >>> 0 <= HASH_MAPPING_MAX ? (size as number) : 0;
  hash.key.set(bytes.subarray(HASH_KEY * 4, HASH_KEY * 4 + HASH_KEY_BYTES));
  hash.mapping.set(bytes.subarray(HASH_MAPPING * 4, HASH_MAPPING * 4 + HASH_MAPPING_MAX));
}

/** A place of the filter as it is: the word that says whether it is used comes last. */
export function noteAddress(journal: Region, { words }: Multicast, place: number): void {
  const second = words[2 * place + 1] as number;
  if (isUsed(second)) store(journal, MULTICAST + 2 * place, words[2 * place] as number);
  store(journal, MULTICAST + 2 * place + 1, second);
}

export function recoverMulticast({ words }: Region, multicast: Multicast): void {
  multicast.words.set(words.subarray(MULTICAST, END));
  for (let place = 0; place < MULTICAST_MAX; place++) {
    if (!isUsed(multicast.words[2 * place + 1] as number)) multicast.words[2 * place + 1] = 0;
  }
}
