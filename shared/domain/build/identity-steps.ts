/** The steps that make a domain, its builder's until it is whole, and that make it whole. */

import { ok } from '../../core/result.ts';
import { markOf } from './builder.ts';
import { type DomainStep, id, type Prepared } from './create-state.ts';
import { parseUuid } from './uuid.ts';

export function domainStep(vm: Prepared): DomainStep {
  return {
    id: 'domain',
    title: 'create the domain',
    run: (state) => {
      state.mark = markOf(state.host.builders.self, parseUuid(vm.uuid));
      const created = state.host.domainControl.createDomain({
        uuid: state.mark,
        maxVcpus: vm.spec.maxvcpus,
        hap: state.hap === true,
        ...vm.tables,
      });
      if (!created.ok) return created;
      state.domid = created.value;
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
