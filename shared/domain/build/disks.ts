/** A VM's disks, whose back ends must be there before the VM runs. */

import { DOM0 } from '../../core/ids.ts';
import { ok } from '../../core/result.ts';
import { type CreateStep, id, type Prepared } from './create-state.ts';
import { backendsPath, diskNodes } from './disk-nodes.ts';
import { waitForBackend } from './disk-wait.ts';
import { pruneBackends, withPermissions } from './store.ts';

export function disksStep({ spec: { disks = [] } }: Prepared): CreateStep {
  const names = disks.map(({ vdev }) => vdev).join(', ');
  return {
    id: 'disks',
    title: `connect its disks: ${names}`,
    run: async (state) => {
      const { host } = state;
      const domid = id(state);
      const nodes = disks.flatMap((disk) => diskNodes(domid, disk));
      const list = withPermissions(nodes, domid, DOM0);
      const made = await host.xenstore.transaction((tx) => tx.writeAll(list));
      if (!made.ok) return made;
      const served = (await host.serveDisks?.()) ?? ok();
      if (!served.ok) return served;
      const all = await Promise.all(disks.map((disk) => waitForBackend(host, domid, disk)));
      return all.find((each) => !each.ok) ?? ok();
    },
    undo: async (state) => {
      const { domid } = state;
      if (domid === undefined) return ok();
      const all = backendsPath(domid);
      return state.host.xenstore.transaction(async (tx) => {
        const removed = await tx.rm(all);
        if (!removed.ok && removed.error.errno !== 'ENOENT') return removed;
        return pruneBackends(tx, [all]);
      });
    },
  };
}
