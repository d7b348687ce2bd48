/** Regions over the kernel's buffers: who owns which, and views that end with the mapping. */

import { assert } from '../../core/assert.ts';
import type { Region } from '../region.ts';
import type { Kernel } from './kernel.ts';

interface Views {
  bytes: Uint8Array;
  words: Int32Array;
}

/** What is known of a region's memory. */
export interface Mapping<T> {
  readonly buffer: ArrayBuffer;
  /** Where it lies, the same for Xen as for us. */
  readonly address: number;
  readonly about: T;
}

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);

/** The live regions of one port. A region of another port, or one unmapped before, is a bug. */
export class Regions<T> {
  readonly #live = new Map<Region, Mapping<T>>();
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** A region over a buffer that the kernel just gave. */
  add(buffer: ArrayBuffer, about: T): Region {
    const region: Views = { bytes: new Uint8Array(buffer), words: new Int32Array(buffer) };
    this.#live.set(region, { buffer, address: this.#kernel.address(buffer), about });
    return region;
  }

  /** What is known of a region, if it is one of these. */
  find(region: Region): Mapping<T> | undefined {
    return this.#live.get(region);
  }

  /** Empties a region. The caller then gives the buffer back to the kernel. */
  remove(region: Region): Mapping<T> {
    const mapping = this.#live.get(region);
    assert(mapping !== undefined, 'a region is unmapped that is not mapped here');
    this.#live.delete(region);
    const views = region as Views;
    views.bytes = NO_BYTES;
    views.words = NO_WORDS;
    return mapping;
  }

  get size(): number {
    return this.#live.size;
  }
}
