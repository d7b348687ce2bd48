/** A VM's disks, whose back ends must be there before the VM runs. */

import { ok } from '../../core/result.ts';
import type { VmDisk } from '../spec/vm-spec.ts';
import type { CreateStep, Prepared } from './create-state.ts';
import { diskName, diskNodes, diskWhat } from './disk-nodes.ts';
import { makeDevices, type NewDevice, removeDevices } from './vm-devices.ts';

const newDisk = (disk: VmDisk): NewDevice => ({
  ...{ device: disk.device, name: diskName(disk), what: diskWhat(disk), backend: disk.backend },
  nodes: (domid, backend) => diskNodes(domid, disk, backend),
});

export function disksStep({ spec: { disks = [] } }: Prepared): CreateStep {
  const names = disks.map(({ vdev }) => vdev).join(', ');
  return {
    id: 'disks',
    title: `connect its disks: ${names}`,
    run: async (state) => {
      const made = await makeDevices(state, 'vbd', disks.map(newDisk));
      return made.ok ? ok() : made;
    },
    undo: (state) => removeDevices(state, 'vbd'),
  };
}
