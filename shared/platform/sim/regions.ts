/** Regions of a domain: what it maps, each with one owner and one end. */

import { assert } from '../../core/assert.ts';
import type { Region } from '../region.ts';
import type { SimDomain } from './domain.ts';
import type { Frame } from './frame.ts';
import type { View } from './views.ts';
import type { World } from './world.ts';

type Kind = 'pages' | 'foreign' | 'grant table' | 'grant' | 'offer';

export interface Held {
  readonly kind: Kind;
  /** Whose pages, for leak reports. */
  readonly what: string;
  readonly view: View;
  /** Told once the region is empty. */
  readonly closed: () => void;
}

type Opened = { -readonly [K in keyof Region]: Region[K] };

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);

export function openRegion(
  world: World,
  domain: SimDomain,
  frames: readonly Frame[],
  kind: Kind,
  what: string,
  closed: () => void = () => {},
): Region {
  assert(frames.length > 0, `a ${kind} region of no pages`);
  const view = world.views.open(frames);
  const region: Opened = { bytes: view.bytes, words: view.words };
  domain.held.set(region, { kind, what, view, closed });
  return region;
}

/** Empties a region of one of the kinds. Anything else is a bug of the caller. */
export function closeRegion(
  world: World,
  domain: SimDomain,
  region: Region,
  ...kinds: Kind[]
): void {
  const held = domain.held.get(region);
  assert(held !== undefined, 'the region is not mapped, or not any more');
  assert(kinds.includes(held.kind), `a region of ${held.kind} where ${kinds.join(' or ')} is due`);
  domain.held.delete(region);
  const opened: Opened = region;
  opened.bytes = NO_BYTES;
  opened.words = NO_WORDS;
  world.views.close(held.view);
  held.closed();
}
