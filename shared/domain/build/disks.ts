/** A VM's disks, whose back ends must be there before the VM runs. */

import type { Domid } from '../../core/ids.ts';
import { ok } from '../../core/result.ts';
import { type CreateStep, id, type Prepared } from './create-state.ts';
import { backendsPath, diskNodes, findBackend } from './disk-nodes.ts';
import { waitForBackend } from './disk-wait.ts';
import { pruneBackends, removeAll, withPermissions } from './store.ts';

export function disksStep({ spec: { disks = [] } }: Prepared): CreateStep {
  const names = disks.map(({ vdev }) => vdev).join(', ');
  return {
    id: 'disks',
    title: `connect its disks: ${names}`,
    run: async (state) => {
      const { host } = state;
      const domid = id(state);
      // Who serves is there first: the kernel would take what nobody has told it not to.
      const served = (await host.serveDisks?.()) ?? ok();
      if (!served.ok) return served;
      const backends: Domid[] = [];
      for (const disk of disks) {
        const backend = await findBackend(host.xenstore, disk);
        if (!backend.ok) return backend;
        backends.push(backend.value);
      }
      state.diskBackends = backends;
      const list = disks.flatMap((disk, i) => {
        const backend = backends[i] as Domid;
        return withPermissions(diskNodes(domid, disk, backend), domid, backend);
      });
      const made = await host.xenstore.transaction((tx) => tx.writeAll(list));
      if (!made.ok) return made;
      const all = await Promise.all(
        disks.map((disk, i) => waitForBackend(host, domid, disk, backends[i] as Domid)),
      );
      return all.find((each) => !each.ok) ?? ok();
    },
    undo: async (state) => {
      const { domid, diskBackends = [] } = state;
      if (domid === undefined) return ok();
      const all = [...new Set(diskBackends)].map((backend) => backendsPath(domid, backend));
      return state.host.xenstore.transaction(async (tx) => {
        const removed = await removeAll(tx, all);
        return removed.ok ? pruneBackends(tx, all) : removed;
      });
    },
  };
}
