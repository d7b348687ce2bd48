/** The steps that make a domain, its builder's until it is whole, and that make it whole. */

import type { Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { CreateDomain } from '../../platform/domain-control.ts';
import { markOf } from './builder.ts';
import { type DomainStep, id, type Prepared } from './create-state.ts';
import type { DomainHost } from './host.ts';
import { parseUuid } from './uuid.ts';

/** Whoever maps a page of a dead domain, or grants it has not given back, keeps its number. */
const NUMBER_MS = 10_000;
const NUMBER_AGAIN_MS = 2;

/** Creates a domain, of a number as soon as its last holder is gone. */
async function createWhenFree(
  { domainControl, clock }: DomainHost,
  config: CreateDomain,
): Promise<Result<Domid>> {
  const end = clock.nowMs() + NUMBER_MS;
  for (;;) {
    const created = domainControl.createDomain(config);
    if (created.ok || created.error.errno !== 'EEXIST') return created;
    if (clock.nowMs() >= end) {
      const why = 'somebody still maps pages of the one before';
      return fail('EEXIST', `there is a domain ${config.domid} still: ${why}`);
    }
    await clock.sleep(NUMBER_AGAIN_MS);
  }
}

export function domainStep(vm: Prepared): DomainStep {
  return {
    id: 'domain',
    title: 'create the domain',
    run: async (state) => {
      state.mark = markOf(state.host.builders.self, parseUuid(vm.uuid));
      const since = state.host.clock.nowMs();
      const created = await createWhenFree(state.host, {
        ...{ uuid: state.mark, maxVcpus: vm.spec.maxvcpus, hap: state.hap === true, ...vm.tables },
        ...(vm.again !== undefined && { domid: vm.again }),
      });
      if (!created.ok) return created;
      state.domid = created.value;
      state.zombieMs = state.host.clock.nowMs() - since;
      return ok();
    },
    undo: (state) => {
      if (state.domid === undefined) return ok();
      const destroyed = state.host.domainControl.destroyDomain(state.domid);
      // Somebody else ended it, as a user may who sees its name.
      return destroyed.ok || destroyed.error.errno === 'ESRCH' ? ok() : destroyed;
    },
  };
}

/** From here on the domain is whole: whatever becomes of its builder, it stays. */
export function identityStep(vm: Prepared): DomainStep {
  return {
    id: 'identity',
    title: `give it the uuid ${vm.uuid}`,
    run: (state) => state.host.domainControl.setUuid(id(state), parseUuid(vm.uuid)),
    undo: (state) => {
      if (state.domid === undefined || state.mark === undefined) return ok();
      const marked = state.host.domainControl.setUuid(state.domid, state.mark);
      return marked.ok || marked.error.errno === 'ESRCH' ? ok() : marked;
    },
  };
}
