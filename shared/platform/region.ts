/** A mapping of shared or foreign pages, with exactly one owner. */

export const PAGE_SIZE = 4096;

/**
 * `bytes` and `words` view the same memory. Whoever made the region unmaps it; after that both are
 * empty. Nobody keeps another view of it: a view that outlives its mapping is a fault of the whole
 * process, not an exception. What a peer can write is volatile: copy first, then look.
 */
export interface Region {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

/** Parts of one region, which end before it does. */
export interface Parts {
  readonly all: readonly Region[];
  /** Empties them: whoever unmaps the region does this first. */
  end(): void;
}

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);

/** So many pages each, one after the other from the region's start. */
export function partsOf({ bytes, words }: Region, pages: readonly number[]): Parts {
  let from = 0;
  const all = pages.map((count) => {
    const [start, end] = [from * PAGE_SIZE, (from + count) * PAGE_SIZE];
    from += count;
    // As regions are made: what was written once only, an engine takes for a constant.
    const part: { bytes: Uint8Array; words: Int32Array } = { bytes: NO_BYTES, words: NO_WORDS };
    part.bytes = bytes.subarray(start, end);
    part.words = words.subarray(start / 4, end / 4);
    return part;
  });
  return {
    all,
    end: () => {
      for (const part of all) {
        part.bytes = NO_BYTES;
        part.words = NO_WORDS;
      }
    },
  };
}
