/** A disk in xenstore (device_disk_add in libxl_disk.c @ RELEASE-4.17.0). */

import type { Domid } from '../../core/ids.ts';
import { BLOCK_SCRIPT_PATH, SCRIPT_NODE } from '../../xenbus/served-by.ts';
import type { VmDisk } from '../spec/vm-spec.ts';
import { deviceNodes, devicePaths, INITIALISING, type Pairs } from './device-nodes.ts';
import type { StoreNode } from './nodes.ts';

/** All nodes of a disk: ours, the frontend's and the back end's. */
export function diskNodes(domid: Domid, disk: VmDisk, backend: Domid): StoreNode[] {
  const { device, target, vdev, isWritable, isCdrom, isDirectIoSafe, discard, trusted } = disk;
  const type = isCdrom ? 'cdrom' : 'disk';
  const back: Pairs = [
    ['params', target],
    [SCRIPT_NODE, BLOCK_SCRIPT_PATH],
    ['frontend-id', String(domid)],
    ['online', '1'],
    ['removable', isCdrom ? '1' : '0'],
    ['bootable', '1'],
    ['state', INITIALISING],
    ['dev', vdev],
    ['type', 'phy'],
    ['mode', isWritable ? 'w' : 'r'],
    ['device-type', type],
    ...(isDirectIoSafe ? [['direct-io-safe', '1'] as const] : []),
    ['discard-enable', discard === false ? '0' : '1'],
    ['specification', 'xen'],
  ];
  const front: Pairs = [
    ['backend-id', String(backend)],
    ['state', INITIALISING],
    ['virtual-device', String(device)],
    ['device-type', type],
    ['trusted', trusted === false ? '0' : '1'],
  ];
  return deviceNodes(devicePaths('vbd', domid, device, backend), { back, front });
}

/** For messages: its name, and with what is behind it. */
export const diskName = ({ vdev }: Pick<VmDisk, 'vdev'>): string => `disk ${vdev}`;
export const diskWhat = ({ vdev, target }: Pick<VmDisk, 'vdev' | 'target'>): string =>
  `${diskName({ vdev })}, ${target === '' ? 'an empty drive' : target}`;
