/** A disk in xenstore (device_disk_add in libxl_disk.c @ RELEASE-4.17.0). */

import { XenbusStateInitialising } from '../../abi/xenbus.ts';
import { DOM0, type Domid } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import type { VmDisk } from '../spec/vm-spec.ts';
import { domainPath, libxlPath, type StoreNode } from './nodes.ts';

const INITIALISING = String(XenbusStateInitialising);

/** Of all disks of a domain that dom0 serves. */
export const backendsPath = (domid: number): string => `${domainPath(DOM0)}/backend/vbd/${domid}`;
export const backendPath = (domid: number, device: number): string =>
  `${backendsPath(domid)}/${device}`;
export const frontendPath = (domid: number, device: number): string =>
  `${domainPath(domid)}/device/vbd/${device}`;
/** The toolstack's own copy, which no guest can write. */
export const keptPath = (domid: number, device: number): string =>
  `${libxlPath(domid)}/device/vbd/${device}`;

/** Where an end's errors are told: of a path below its domain's own. */
export function errorPath(end: string): string {
  const [, , , domid, ...rest] = end.split('/');
  return `/local/domain/${domid}/error/${rest.join('/')}`;
}

/** What the end says of its failure. */
export async function errorOf(nodes: Nodes, end: string): Promise<Result<string | undefined>> {
  const said = await nodes.readString(`${errorPath(end)}/error`);
  if (said.ok) return said;
  return said.error.errno === 'ENOENT' ? ok(undefined) : said;
}

/** Removes nodes; those that are not there are no error. */
export async function removeAll(tx: Nodes, paths: readonly string[]): Promise<Result<void>> {
  const results = await Promise.all(paths.map((path) => tx.rm(path)));
  return results.find((result) => !result.ok && result.error.errno !== 'ENOENT') ?? ok();
}

/** All nodes of a disk that dom0 serves: ours, the frontend's and the back end's. */
export function diskNodes(domid: Domid, disk: VmDisk): StoreNode[] {
  const { device, target, vdev, isWritable, isCdrom, isDirectIoSafe, discard, trusted } = disk;
  const front = frontendPath(domid, device);
  const back = backendPath(domid, device);
  const kept = keptPath(domid, device);
  const type = isCdrom ? 'cdrom' : 'disk';
  const backNodes: readonly (readonly [string, string])[] = [
    ['frontend', front],
    ['params', target],
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
  const frontNodes: readonly (readonly [string, string])[] = [
    ['backend', back],
    ['backend-id', String(DOM0)],
    ['state', INITIALISING],
    ['virtual-device', String(device)],
    ['device-type', type],
    ['trusted', trusted === false ? '0' : '1'],
  ];
  const below = (top: string, nodes: readonly (readonly [string, string])[]): StoreNode[] =>
    nodes.map(([name, value]) => ({ path: `${top}/${name}`, value, access: 'inherited' }));
  return [
    { path: kept, value: '', access: 'private' },
    ...below(kept, [['frontend', front], ['backend', back], ...backNodes.slice(1)]),
    { path: front, value: '', access: 'guest-owns' },
    ...below(front, frontNodes),
    { path: back, value: '', access: 'guest-reads' },
    ...below(back, backNodes),
  ];
}
