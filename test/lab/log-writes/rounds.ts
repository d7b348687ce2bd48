/**
 * What a guest writes in rounds: blocks that say their round and number, and then a flush, which it
 * waits for before the next round. So a block of a round says that all blocks of rounds before were
 * made sure of: they must be there at the last flush before it.
 */

import { apply, type Entry } from './log.ts';

export const BLOCK_BYTES = 4096;

/** As the guest writes them with printf, from round 1 on. */
const HEAD = /^xtl-round ([0-9]{1,6}) block ([0-9]{1,6})\n/;

const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

/** Every block of a guest in bytes, wherever it lies: its round and number. */
function* blocksIn(bytes: Uint8Array): Generator<readonly [round: number, block: number]> {
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const [, round, block] = HEAD.exec(text(bytes.subarray(at, at + 40))) ?? [];
    if (block !== undefined) yield [Number(round), Number(block)];
  }
}

/** The latest round of which there is a block; 0 for none. */
export function latestRound(bytes: Uint8Array): number {
  let latest = 0;
  for (const [round] of blocksIn(bytes)) latest = Math.max(latest, round);
  return latest;
}

/** Of rounds 1 to `last` those that have not all blocks. */
export function incomplete(disk: Uint8Array, last: number, perRound: number): number[] {
  const found = new Map<number, Set<number>>();
  for (const [round, block] of blocksIn(disk)) {
    const blocks = found.get(round) ?? new Set();
    found.set(round, blocks.add(block));
  }
  const rounds = Array.from({ length: last }, (_, i) => i + 1);
  return rounds.filter((round) => found.get(round)?.size !== perRound);
}

/** The disk as a power cut right after a flush leaves it. */
export interface Cut {
  /** The round that had begun by the next flush: all before it were made sure of. */
  readonly round: number;
  /** Flushes up to here. */
  readonly flush: number;
  readonly disk: Uint8Array;
}

/**
 * As it is at the last flush before each round's first block. `disk` is the same memory each time:
 * it is looked at before the next is asked for.
 */
export function* cutsOf(entries: Iterable<Entry>, disk: Uint8Array): Generator<Cut> {
  let unsure: Entry[] = [];
  let flush = 0;
  let begun = 0;
  for (const entry of entries) {
    const round = latestRound(entry.data);
    if (round > begun) {
      begun = round;
      yield { round, flush, disk };
    }
    if (entry.isFlush) {
      for (const each of unsure) apply(disk, each);
      unsure = [];
      flush++;
    }
    if (entry.isSure) apply(disk, entry);
    // One that is sure, too: what came before it in its place must not come after it.
    unsure.push(entry);
  }
}
