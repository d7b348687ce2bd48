/** The plan that gives a domain that runs another disk, a domain of ours or of xl's. */

import { DOM0, type Domid } from '../../core/ids.ts';
import { ok } from '../../core/result.ts';
import type { VmDisk } from '../spec/vm-spec.ts';
import { attachSteps } from './device-attach.ts';
import { devicePaths } from './device-nodes.ts';
import { withDisk, withoutDisk } from './disk-config.ts';
import { checkImage } from './disk-image.ts';
import { type DiskView, readDiskView } from './disk-list.ts';
import { diskNodes, diskWhat } from './disk-nodes.ts';
import type { DiskState } from './disk-plan.ts';
import type { Plan } from './plan.ts';
import type { KeptDomain } from './userdata.ts';

export interface AttachOptions {
  /** Who serves it: what findBackend says of it. */
  readonly backend: Domid;
  /** How long the guest may take. */
  readonly timeoutMs: number;
}

const nameOf = (target: string): string => (target === '' ? 'an empty drive' : target);

function isTheSame(view: DiskView, disk: VmDisk, backend: Domid): boolean {
  const { target, isWritable, isCdrom } = disk;
  const keys = [view.target, view.isWritable, view.isCdrom];
  const wanted = [target, isWritable, isCdrom];
  return view.backend === backend && keys.every((key, i) => key === wanted[i]);
}

export function planAttach(
  of: KeptDomain,
  disk: VmDisk,
  { backend, timeoutMs }: AttachOptions,
): Plan<DiskState> {
  const { vdev, device, target } = disk;
  const coming = {
    ...({ kind: 'vbd', name: vdev, what: diskWhat(disk), backend } as const),
    checked: `, and that there is ${nameOf(target)}`,
    paths: devicePaths('vbd', of.domid, device, backend),
    nodes: diskNodes(of.domid, disk, backend),
    ...{ kept: withDisk(disk), undone: withoutDisk(device) },
    read: (nodes: Parameters<typeof readDiskView>[0]) => readDiskView(nodes, of.domid, device),
    isTheSame: (view: DiskView) => isTheSame(view, disk, backend),
    behind: (view: DiskView) => nameOf(view.target),
    // What a driver domain has, it knows itself.
    check: async (host: DiskState['host']) => (backend === DOM0 ? checkImage(host, target) : ok()),
    needs: 'does its kernel take disks while it runs?',
  };
  return { name: `attach ${vdev}`, steps: attachSteps<DiskView>(of, coming, timeoutMs) };
}
