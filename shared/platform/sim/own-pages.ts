/** Pages that a domain makes for itself, out of the memory of its kernel. */

import { fail, ok, type Result } from '../../core/result.ts';
import type { SimDomain } from './domain.ts';
import { type Frame, frame } from './frame.ts';
import { frameUnmapped } from './lifecycle.ts';
import type { World } from './world.ts';

interface OwnFrames {
  readonly frames: readonly Frame[];
  readonly gfns: readonly number[];
}

export function ownFrames(world: World, domain: SimDomain, count: number): Result<OwnFrames> {
  if (domain.ownPages + count > world.options.ownPages) {
    return fail('ENOMEM', `domain ${domain.domid} has no ${count} pages left for itself`);
  }
  domain.ownPages += count;
  const unmapped = frameUnmapped(world, domain);
  const frames = Array.from({ length: count }, () => frame(unmapped));
  return ok({ frames, gfns: frames.map((one) => domain.physmap.addOwn(one)) });
}

export function freeOwnFrames(domain: SimDomain, gfns: readonly number[]): void {
  domain.ownPages -= gfns.length;
  for (const gfn of gfns) domain.physmap.removeOwn(gfn);
}
