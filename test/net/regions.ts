/** Memory for tests of what works on frames. */

import type { Region } from '../../shared/platform/region.ts';

export function memory(bytes: number): Region {
  const buffer = new ArrayBuffer((bytes + 3) & ~3);
  return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer) };
}
