/**
 * Entries by a key: chains by hash, in this process's own memory, made anew from a table's entries.
 * The seed is a secret: who sends packets does not know which of them meet in a chain.
 */

export interface EntryIndex {
  readonly heads: Int32Array;
  /** By entry; -1 ends a chain. */
  readonly next: Int32Array;
  readonly seed: number;
}

export function createIndex(entries: number, seed: number): EntryIndex {
  let buckets = 16;
  while (buckets < entries) buckets *= 2;
  const index = { heads: new Int32Array(buckets), next: new Int32Array(entries), seed };
  index.heads.fill(-1);
  index.next.fill(-1);
  return index;
}

/** The next step of a hash, which begins with the index's seed. */
export function mixed(hash: number, word: number): number {
  const step = Math.imul(hash ^ word, 0x9e37_79b1);
  return step ^ (step >>> 15);
}

const bucketOf = (heads: Int32Array, hash: number): number => {
  const last = Math.imul(hash, 0x85eb_ca6b);
  return (last ^ (last >>> 13)) & (heads.length - 1);
};

/** The first entry that may have the key with this hash; -1: none. `next` has the others. */
export function firstOf({ heads }: EntryIndex, hash: number): number {
  return heads[bucketOf(heads, hash)] as number;
}

export function insert({ heads, next }: EntryIndex, hash: number, entry: number): void {
  const bucket = bucketOf(heads, hash);
  next[entry] = heads[bucket] as number;
  heads[bucket] = entry;
}

/** An entry that is in under this hash. */
export function remove({ heads, next }: EntryIndex, hash: number, entry: number): void {
  const bucket = bucketOf(heads, hash);
  let at = heads[bucket] as number;
  if (at === entry) {
    heads[bucket] = next[entry] as number;
    return;
  }
  while (at >= 0) {
    const after = next[at] as number;
    if (after === entry) {
      next[at] = next[entry] as number;
      return;
    }
    at = after;
  }
}
