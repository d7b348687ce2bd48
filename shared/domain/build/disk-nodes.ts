/** A disk in xenstore (device_disk_add in libxl_disk.c @ RELEASE-4.17.0). */

import { XenbusStateInitialising } from '../../abi/xenbus.ts';
import { DOM0, type Domid, domid as domidOf, isDomid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import type { VmDisk } from '../spec/vm-spec.ts';
import { domainPath, libxlPath, type StoreNode } from './nodes.ts';
import { findByName } from './store.ts';

const INITIALISING = String(XenbusStateInitialising);

/** Of all disks of a domain that `backend` serves. */
export const backendsPath = (domid: number, backend: number): string =>
  `${domainPath(backend)}/backend/vbd/${domid}`;
export const backendPath = (domid: number, device: number, backend: number): string =>
  `${backendsPath(domid, backend)}/${device}`;
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

/** Who serves a disk. ENOENT: nobody has the name; EEXIST: several have. */
export async function findBackend(nodes: Nodes, { backend, vdev }: VmDisk): Promise<Result<Domid>> {
  if (backend === undefined) return ok(DOM0);
  if (/^[0-9]{1,5}$/.test(backend) && isDomid(Number(backend))) return ok(domidOf(Number(backend)));
  const found = await findByName(nodes, backend);
  if (!found.ok) return found;
  const [only] = found.value;
  if (only !== undefined && found.value.length === 1) return ok(only);
  const what = `disk ${vdev}: ${only === undefined ? 'no domain' : 'more than one domain'}`;
  return fail(only === undefined ? 'ENOENT' : 'EEXIST', `${what} is called '${backend}'`);
}

/** As xl writes it: who serves dom0's disks is told by it (shared/xenbus/served-by.ts). */
const BLOCK_SCRIPT = '/etc/xen/scripts/block-xtl';

/** All nodes of a disk: ours, the frontend's and the back end's. */
export function diskNodes(domid: Domid, disk: VmDisk, backend: Domid): StoreNode[] {
  const { device, target, vdev, isWritable, isCdrom, isDirectIoSafe, discard, trusted } = disk;
  const front = frontendPath(domid, device);
  const back = backendPath(domid, device, backend);
  const kept = keptPath(domid, device);
  const type = isCdrom ? 'cdrom' : 'disk';
  const backNodes: readonly (readonly [string, string])[] = [
    ['frontend', front],
    ['params', target],
    ['script', BLOCK_SCRIPT],
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
    ['backend-id', String(backend)],
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
    { path: front, value: '', access: 'backend-reads' },
    ...below(front, frontNodes),
    { path: back, value: '', access: 'backend-serves' },
    ...below(back, backNodes),
  ];
}
