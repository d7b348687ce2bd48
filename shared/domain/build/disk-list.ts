/**
 * The disks of a domain, of ours and of xl's, from the toolstack's own copy: what the domain can
 * write says only what its end says of itself.
 */

import type { Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { parseTarget } from '../../nbd/target.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { readBackendPath } from './devices.ts';
import { errorOf, frontendPath, keptPath } from './disk-nodes.ts';
import { stateName } from './disk-wait.ts';
import { libxlPath } from './nodes.ts';

export interface DiskView {
  readonly device: number;
  /** Its name in the guest; its number where nobody said one. */
  readonly vdev: string;
  /** As in xenstore: UTF-8, a byte a character. Empty for a drive without a medium. */
  readonly target: string;
  readonly format: string;
  readonly isWritable: boolean;
  readonly isCdrom: boolean;
  readonly backend: Domid;
  /** Who serves it; undefined: nobody that tells yet. */
  readonly server: 'xtl' | 'Linux' | 'QEMU' | undefined;
  /** Names of states; undefined: there is no such end. */
  readonly backState: string | undefined;
  readonly frontState: string | undefined;
  /** As the back end tells it; undefined: it does not yet. */
  readonly sectors: number | undefined;
  /** What an end says of its failure. */
  readonly error: string | undefined;
  readonly paths: {
    readonly kept: string;
    readonly front: string;
    readonly back: string;
  };
}

/** Most that are looked at: a broken store cannot make us loop. */
const DISKS_MAX = 4096;

async function text(nodes: Nodes, path: string): Promise<Result<string | undefined>> {
  const value = await nodes.readString(path);
  if (value.ok) return value;
  return value.error.errno === 'ENOENT' ? ok(undefined) : value;
}

/** All of several nodes, or the first failure but ENOENT. */
async function texts<K extends string>(
  nodes: Nodes,
  paths: Readonly<Record<K, string>>,
): Promise<Result<Partial<Record<K, string>>>> {
  const found: Partial<Record<K, string>> = {};
  const names = Object.keys(paths) as K[];
  const values = await Promise.all(names.map((name) => text(nodes, paths[name])));
  for (const [i, value] of values.entries()) {
    if (!value.ok) return value;
    if (value.value !== undefined) found[names[i] as K] = value.value;
  }
  return ok(found);
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
  const kept = keptPath(domid, device);
  const none = fail('ENOENT', `domain ${domid} has no disk ${device}`);
  const backend = await text(nodes, `${kept}/backend`);
  if (!backend.ok) return backend;
  const back = backend.value ?? '';
  const place = readBackendPath(back);
  if (place === undefined) return none;
  const front = frontendPath(domid, device);
  const found = await texts(nodes, {
    ...{ vdev: `${kept}/dev`, type: `${kept}/device-type`, mode: `${kept}/mode` },
    // The medium is as the back end knows it.
    ...{ params: `${back}/params`, sectors: `${back}/sectors` },
    ...{ takesWishes: `${back}/feature-refresh`, numbers: `${back}/physical-device` },
    ...{ backState: `${back}/state`, frontState: `${front}/state` },
  });
  if (!found.ok) return found;
  const { vdev = String(device), type, mode, params = '', sectors = '' } = found.value;
  const { backState, frontState, takesWishes, numbers } = found.value;
  const { backend: by, kind } = place;
  const errors = await Promise.all([errorOf(nodes, back), errorOf(nodes, front)]);
  const failed = errors.find((each) => !each.ok);
  if (failed !== undefined && !failed.ok) return failed;
  const [backError, frontError] = errors.map((each) => (each.ok ? each.value : undefined));
  const named = (state: string | undefined) => (state === undefined ? undefined : stateName(state));
  return ok({
    ...{ device, vdev, ...splitParams(kind, params), backend: by },
    server: serverOf(kind, takesWishes, numbers),
    ...{ isWritable: mode === 'w', isCdrom: type === 'cdrom' },
    ...{ backState: named(backState), frontState: named(frontState) },
    sectors: /^[0-9]{1,15}$/.test(sectors) ? Number(sectors) : undefined,
    ...{ error: backError ?? frontError, paths: { kept, front, back } },
  });
}

/** All of a domain, by their numbers. */
export async function listDisks(nodes: Nodes, domid: Domid): Promise<Result<readonly DiskView[]>> {
  const names = await nodes.directory(`${libxlPath(domid)}/device/vbd`);
  if (!names.ok) return names.error.errno === 'ENOENT' ? ok([]) : names;
  const numbers = names.value.filter((name) => /^(0|[1-9][0-9]{0,9})$/.test(name)).map(Number);
  const disks: DiskView[] = [];
  for (const device of numbers.sort((a, b) => a - b).slice(0, DISKS_MAX)) {
    const disk = await readDiskView(nodes, domid, device);
    if (disk.ok) disks.push(disk.value);
    // One that was detached meanwhile is none.
    else if (disk.error.errno !== 'ENOENT') return disk;
  }
  return ok(disks);
}
