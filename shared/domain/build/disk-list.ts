/** The disks of a domain, of ours and of xl's. */

import type { Domid } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import { parseTarget } from '../../nbd/target.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { type DeviceView, listDevices, readDeviceView } from './device-view.ts';
import { readTexts } from './read-texts.ts';

export interface DiskView extends DeviceView {
  /** Its name in the guest; its number where nobody said one. */
  readonly vdev: string;
  /** As in xenstore: UTF-8, a byte a character. Empty for a drive without a medium. */
  readonly target: string;
  readonly format: string;
  readonly isWritable: boolean;
  readonly isCdrom: boolean;
  /** Who serves it; undefined: nobody that tells yet. */
  readonly server: 'xtl' | 'Linux' | 'QEMU' | undefined;
  /** As the back end tells it; undefined: it does not yet. */
  readonly sectors: number | undefined;
}

/**
 * xen-blkback is told of its block device by numbers (tools/hotplug/Linux/block @ RELEASE-4.17.0);
 * ours says that it takes wishes (drivers/blkback/refresh.ts).
 */
function serverOf(kind: string, takesWishes?: string, numbers?: string): DiskView['server'] {
  if (kind === 'qdisk') return 'QEMU';
  if (takesWishes === '1') return 'xtl';
  return numbers === undefined ? undefined : 'Linux';
}

/** QEMU is told the format in front of the target; a kernel knows no others. */
function splitParams(kind: string, params: string): Pick<DiskView, 'target' | 'format'> {
  const [, format, behind] = (kind === 'qdisk' && /^([a-z0-9-]+):(.*)$/s.exec(params)) || [];
  if (behind !== undefined) return { target: behind, format: format ?? 'raw' };
  const read = parseTarget(params);
  const kindOf = read.ok && read.value.kind === 'image' ? read.value.format : 'raw';
  const named = read.ok && read.value.kind === 'nbd' ? 'nbd' : kindOf;
  return { target: params, format: params === '' ? 'empty' : named };
}

/** One disk by its number. ENOENT: the domain has none of it. */
export async function readDiskView(
  nodes: Nodes,
  domid: Domid,
  device: number,
): Promise<Result<DiskView>> {
  const view = await readDeviceView(nodes, 'vbd', domid, device);
  if (!view.ok) return view;
  const { backKind, ...known } = view.value;
  const { kept, back } = known.paths;
  const found = await readTexts(nodes, {
    ...{ vdev: `${kept}/dev`, type: `${kept}/device-type`, mode: `${kept}/mode` },
    // The medium is as the back end knows it.
    ...{ params: `${back}/params`, sectors: `${back}/sectors` },
    ...{ takesWishes: `${back}/feature-refresh`, numbers: `${back}/physical-device` },
  });
  if (!found.ok) return found;
  const { vdev = String(device), type, mode, params = '', sectors = '' } = found.value;
  const { takesWishes, numbers } = found.value;
  return ok({
    ...{ ...known, vdev, ...splitParams(backKind, params) },
    server: serverOf(backKind, takesWishes, numbers),
    ...{ isWritable: mode === 'w', isCdrom: type === 'cdrom' },
    sectors: /^[0-9]{1,15}$/.test(sectors) ? Number(sectors) : undefined,
  });
}

/** All of a domain, by their numbers. */
export function listDisks(nodes: Nodes, domid: Domid): Promise<Result<readonly DiskView[]>> {
  return listDevices(nodes, 'vbd', domid, readDiskView);
}
