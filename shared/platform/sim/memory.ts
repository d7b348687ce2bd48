/** The port Memory of a simulated domain. */

import type { Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Memory } from '../memory.ts';
import type { SimDomain } from './domain.ts';
import type { Frame } from './frame.ts';
import { growTable } from './grant-table.ts';
import { frameUnmapped } from './lifecycle.ts';
import { freeOwnFrames, ownFrames } from './own-pages.ts';
import { closeRegion, openRegion } from './regions.ts';
import { findDomain, type World } from './world.ts';

export function memory(world: World, domain: SimDomain): Memory {
  const controlled = (owner: Domid): Result<SimDomain> => {
    const allowed = domain.privileged || owner === domain.domid;
    return allowed ? findDomain(world, owner) : fail('EPERM', `domain ${owner} is not ours`);
  };
  return {
    pages(count) {
      const own = ownFrames(world, domain, count);
      if (!own.ok) return own;
      const { frames, gfns } = own.value;
      const free = () => freeOwnFrames(domain, gfns);
      return ok(openRegion(world, domain, frames, 'pages', 'of its own', free));
    },
    mapForeign(owner, gfns) {
      const found = controlled(owner);
      if (!found.ok) return found;
      const frames: Frame[] = [];
      for (const gfn of gfns) {
        const one = found.value.physmap.frame(gfn);
        if (!one) return fail('EINVAL', `domain ${owner} has no page at gfn ${gfn}`);
        frames.push(one);
      }
      if (frames.length === 0) return fail('EINVAL', 'no frames to map');
      return ok(openRegion(world, domain, frames, 'foreign', `of d${owner}`));
    },
    mapGrantTable(owner, first, count) {
      const found = controlled(owner);
      if (!found.ok) return found;
      const target = found.value;
      const grown = growTable(world, target, first + count, frameUnmapped(world, target));
      if (!grown.ok) return grown;
      const frames = target.grants.frames.slice(first, first + count);
      if (frames.length === 0) return fail('EINVAL', 'no frames to map');
      return ok(openRegion(world, domain, frames, 'grant table', `of d${owner}`));
    },
    unmap: (region) => closeRegion(world, domain, region, 'pages', 'foreign', 'grant table'),
  };
}
