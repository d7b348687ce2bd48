/** The host's pages, as numbers: what is free, and in pieces how large. */

export interface HostMemory {
  readonly total: number;
  /** Pages that could be taken one by one now. */
  free(): number;
  /** Pages taken by anybody. */
  used(): number;
  /** Takes 2^order contiguous pages; false if there are none. */
  takeExtent(order: number): boolean;
  /** Takes pages one by one, all or none. */
  take(pages: number): boolean;
  give(pages: number): void;
  /** Leaves at most `pages` free until called again; undefined ends that. */
  leaveFree(pages: number | undefined): void;
  /** Refuses extents of a higher order; undefined ends that. */
  largestOrder(order: number | undefined): void;
}

export function hostMemory(total: number): HostMemory {
  let used = 0;
  let withheld = 0;
  let largest = Number.POSITIVE_INFINITY;
  const take = (pages: number): boolean => {
    if (pages > total - used - withheld) return false;
    used += pages;
    return true;
  };
  return {
    total,
    free: () => Math.max(0, total - used - withheld),
    used: () => used,
    take,
    takeExtent: (order) => order <= largest && take(2 ** order),
    give: (pages) => {
      used -= pages;
    },
    leaveFree: (pages) => {
      withheld = pages === undefined ? 0 : Math.max(0, total - used - pages);
    },
    largestOrder: (order) => {
      largest = order ?? Number.POSITIVE_INFINITY;
    },
  };
}
