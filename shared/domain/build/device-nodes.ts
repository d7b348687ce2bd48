/** Where a device's nodes are in xenstore, and what those of all kinds have in common. */

import { XenbusStateInitialising } from '../../abi/xenbus.ts';
import { DOM0, type Domid, domid as domidOf, isDomid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { domainPath, libxlPath, type StoreNode } from './nodes.ts';
import { findByName } from './store.ts';

/** Kinds that a domain gets from its configuration: disks and network interfaces. */
export type DeviceKind = 'vbd' | 'vif';

export interface DevicePaths {
  /** The toolstack's own copy, which no guest can write. */
  readonly kept: string;
  readonly front: string;
  readonly back: string;
}

/** Of all devices of a kind of a domain that `backend` serves. */
export const backendsPath = (kind: DeviceKind, domid: number, backend: number): string =>
  `${domainPath(backend)}/backend/${kind}/${domid}`;

export function devicePaths(
  kind: DeviceKind,
  domid: number,
  device: number,
  backend: number,
): DevicePaths {
  return {
    kept: `${libxlPath(domid)}/device/${kind}/${device}`,
    front: `${domainPath(domid)}/device/${kind}/${device}`,
    back: `${backendsPath(kind, domid, backend)}/${device}`,
  };
}

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

/**
 * Who serves a device, `what` by its name; dom0 if nobody is named. ENOENT: nobody has the name;
 * EEXIST: several have.
 */
export async function findBackend(
  nodes: Nodes,
  backend: string | undefined,
  what: string,
): Promise<Result<Domid>> {
  if (backend === undefined) return ok(DOM0);
  if (/^[0-9]{1,5}$/.test(backend) && isDomid(Number(backend))) return ok(domidOf(Number(backend)));
  const found = await findByName(nodes, backend);
  if (!found.ok) return found;
  const [only] = found.value;
  if (only !== undefined && found.value.length === 1) return ok(only);
  const who = `${what}: ${only === undefined ? 'no domain' : 'more than one domain'}`;
  return fail(only === undefined ? 'ENOENT' : 'EEXIST', `${who} is called '${backend}'`);
}

/** Names and values, in their order. */
export type Pairs = readonly (readonly [name: string, value: string])[];

export const INITIALISING = String(XenbusStateInitialising);

const below = (top: string, pairs: Pairs): StoreNode[] =>
  pairs.map(([name, value]) => ({ path: `${top}/${name}`, value, access: 'inherited' }));

/**
 * All nodes of a device: ours, the frontend's and the back end's, whose `frontend` and `backend`
 * are not among the pairs (libxl__device_generic_add in libxl_device.c @ RELEASE-4.17.0).
 */
export function deviceNodes(
  { kept, front, back }: DevicePaths,
  ends: { readonly back: Pairs; readonly front: Pairs },
): StoreNode[] {
  return [
    { path: kept, value: '', access: 'private' },
    ...below(kept, [['frontend', front], ['backend', back], ...ends.back]),
    { path: front, value: '', access: 'backend-reads' },
    ...below(front, [['backend', back], ...ends.front]),
    { path: back, value: '', access: 'backend-serves' },
    ...below(back, [['frontend', front], ...ends.back]),
  ];
}
