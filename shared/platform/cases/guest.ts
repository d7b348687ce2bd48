/** A domain to work on, for the cases that need one. It is destroyed when the case ends. */

import { type Domid, domid } from '../../core/ids.ts';
import type { CreateDomain } from '../domain-control.ts';
import type { CaseContext } from './case.ts';
import { expectEqual, expectOk, pattern } from './expect.ts';

/** A domid that nobody has. */
export const NOBODY = domid(32_000);

/** Paging structures for the few GiB that cases populate at most. */
const PAGING_BYTES = 8 << 20;

export function createConfig(
  { platform }: CaseContext,
  changes: Partial<CreateDomain> = {},
): CreateDomain {
  const hap = expectOk(platform.domainControl.physInfo(), 'physInfo').hap;
  return {
    uuid: pattern(16, 9),
    maxVcpus: 2,
    hap,
    maxEvtchnPort: 1023,
    maxGrantFrames: 8,
    maxMaptrackFrames: 16,
    ...changes,
  };
}

/** An empty, paused domain. */
export function emptyDomain(ctx: CaseContext, changes: Partial<CreateDomain> = {}): Domid {
  const { domainControl } = ctx.platform;
  const created = expectOk(domainControl.createDomain(createConfig(ctx, changes)), 'createDomain');
  ctx.defer(() => {
    domainControl.destroyDomain(created);
  });
  return created;
}

/** A paused domain with vCPUs that may have `kib` of memory, and has none yet. */
export function domainWithLimit(ctx: CaseContext, kib: number): Domid {
  const { domainControl } = ctx.platform;
  const created = emptyDomain(ctx);
  expectOk(domainControl.maxVcpus(created, 2), 'maxVcpus');
  expectOk(domainControl.setPagingMempool(created, PAGING_BYTES), 'setPagingMempool');
  expectOk(domainControl.setMaxMem(created, kib), 'setMaxMem');
  return created;
}

/** A paused domain with `pages` pages from gfn 0 on. */
export function domainWithPages(ctx: CaseContext, pages: number): Domid {
  const created = domainWithLimit(ctx, (pages + 64) * 4);
  const gfns = Array.from({ length: pages }, (_, i) => i);
  const done = expectOk(ctx.platform.domainControl.populatePhysmap(created, gfns, 0), 'populate');
  expectEqual(done, pages, 'pages populated');
  return created;
}
