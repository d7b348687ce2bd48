/** Regions over native memory: who owns which address, and views that end with the mapping. */

import { assert } from '../../core/assert.ts';
import { PAGE_SIZE, type Region } from '../region.ts';
import { ffi } from './ffi.ts';

interface Views {
  bytes: Uint8Array;
  words: Int32Array;
}

export interface Mapping {
  readonly address: number;
  readonly pages: number;
}

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);

/** The live regions of one port. A region of another port, or one unmapped before, is a bug. */
export class Regions<M extends Mapping = Mapping> {
  readonly #live = new Map<Region, M>();

  /** A region over memory that was just mapped. */
  add(mapping: M): Region {
    const buffer = ffi().view(BigInt(mapping.address), mapping.pages * PAGE_SIZE);
    // An engine takes what was written once for a constant, and compiles all anew when it changes.
    const region: Views = { bytes: NO_BYTES, words: NO_WORDS };
    region.bytes = new Uint8Array(buffer);
    region.words = new Int32Array(buffer);
    this.#live.set(region, mapping);
    return region;
  }

  /** Where a region lies, if it is one of these. */
  find(region: Region): M | undefined {
    return this.#live.get(region);
  }

  /** Empties a region. The caller then unmaps what it gets. */
  remove(region: Region): M {
    const mapping = this.#live.get(region);
    assert(mapping !== undefined, 'a region is unmapped that is not mapped here');
    this.#live.delete(region);
    const views = region as Views;
    views.bytes = NO_BYTES;
    views.words = NO_WORDS;
    return mapping;
  }

  /** The regions that are still mapped. */
  all(): readonly Region[] {
    return [...this.#live.keys()];
  }
}
