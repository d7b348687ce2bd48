/** Who has woken VMs of late: so many in a minute, and no more. */

import { mixed } from '../state/index-of-entries.ts';
import { SOURCE_S, SOURCES_MAX, WAKES_PER_SOURCE } from './limits.ts';

export interface Sources {
  readonly seed: number;
  /** Hashes of addresses: two that meet share what they may. */
  readonly hashes: Int32Array;
  readonly sinceS: Float64Array;
  readonly counts: Uint8Array;
}

export function createSources(seed: number): Sources {
  return {
    seed,
    hashes: new Int32Array(SOURCES_MAX),
    sinceS: new Float64Array(SOURCES_MAX).fill(Number.NEGATIVE_INFINITY),
    counts: new Uint8Array(SOURCES_MAX),
  };
}

/** Whether this source may wake one more VM, which counts. */
export function maySource(
  { seed, hashes, sinceS, counts }: Sources,
  family: number,
  source: Int32Array,
  nowS: number,
): boolean {
  let hash = mixed(seed, family);
  // A host of IPv6 has a network of addresses.
  const words = family === 4 ? 1 : 2;
  for (let i = 0; i < words; i++) hash = mixed(hash, source[i] as number);
  let place = -1;
  for (let i = 0; i < SOURCES_MAX; i++) {
    const isOld = nowS - (sinceS[i] as number) >= SOURCE_S;
    if (isOld) place = i;
    else if (hashes[i] === hash) {
      if ((counts[i] as number) >= WAKES_PER_SOURCE) return false;
      counts[i] = (counts[i] as number) + 1;
      return true;
    }
  }
  if (place < 0) return false;
  hashes[place] = hash;
  sinceS[place] = nowS;
  counts[place] = 1;
  return true;
}
