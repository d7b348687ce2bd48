/** The plan that takes a disk from a domain that runs. */

import { type DetachOptions, detachSteps } from './device-detach.ts';
import { withoutDisk } from './disk-config.ts';
import { type DiskView, readDiskView } from './disk-list.ts';
import type { DiskState } from './disk-plan.ts';
import type { Plan } from './plan.ts';
import type { KeptDomain } from './userdata.ts';

/** `vdev` is the name of the device, for messages. */
export function planDetach(
  of: KeptDomain,
  device: number,
  vdev: string,
  options: DetachOptions,
): Plan<DiskState> {
  const steps = detachSteps<DiskView>(
    of,
    {
      ...{ name: vdev, kept: withoutDisk(device) },
      read: (nodes) => readDiskView(nodes, of.domid, device),
    },
    options,
  );
  return { name: `detach ${vdev}`, steps };
}
