/** The devices of a domain, as dom0 knows them. */

import { type Domid, isDomid } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { libxlPath } from './nodes.ts';

/**
 * A device's back end, from the toolstack's own copy: what the domain can write is not trusted
 * (XSA-175).
 */
export interface Device {
  readonly kind: string;
  readonly backend: string;
}

/** io/xenbus.h @ RELEASE-4.17.0. */
export const CLOSING = '5';
export const CLOSED = '6';

/** Most devices that are looked at: no domain has more, and a broken store cannot make us loop. */
const MAX_DEVICES = 4096;

export async function findDevices(store: Nodes, domid: Domid): Promise<Result<readonly Device[]>> {
  const top = `${libxlPath(domid)}/device`;
  const kinds = await store.directory(top);
  if (!kinds.ok) return kinds.error.errno === 'ENOENT' ? ok([]) : kinds;
  const devices: Device[] = [];
  for (const kind of kinds.value) {
    const ids = await store.directory(`${top}/${kind}`);
    if (!ids.ok) return ids;
    for (const id of ids.value.slice(0, MAX_DEVICES - devices.length)) {
      const backend = await store.readString(`${top}/${kind}/${id}/backend`);
      if (backend.ok && isBackendPath(backend.value)) {
        devices.push({ kind, backend: backend.value });
      }
    }
  }
  return ok(devices);
}

/**
 * `/local/domain/<backend>/backend/<kind>/<domid>/<id>`: nothing else is ever removed as a back
 * end.
 */
function isBackendPath(path: string): boolean {
  const match = /^\/local\/domain\/([0-9]+)\/backend\/[^/]+\/[0-9]+\/[0-9]+$/.exec(path);
  return match !== null && isDomid(Number(match[1]));
}
