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
