/** The devices of a domain, as dom0 knows them. */

import { type Domid, domid, isDomid } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import type { BuildHost } from './host.ts';
import { libxlPath } from './nodes.ts';
import { waitForNode } from './wait-for-node.ts';

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

/** libxl_internal.h @ RELEASE-4.17.0: LIBXL_DESTROY_TIMEOUT. */
export const DESTROY_TIMEOUT_MS = 10_000;

/**
 * Asks a back end to let go, and waits until it has (libxl__initiate_device_generic_remove in
 * libxl_device.c @ RELEASE-4.17.0). `first` is done with it, in one transaction. ETIMEDOUT.
 */
export async function closeBackend(
  host: Pick<BuildHost, 'xenstore' | 'clock'>,
  backend: string,
  timeoutMs: number,
  first: (tx: Nodes) => Promise<Result<void>> = async () => ok(),
): Promise<Result<void>> {
  const asked = await host.xenstore.transaction(async (tx) => {
    const done = await first(tx);
    if (!done.ok) return done;
    const state = await tx.readString(`${backend}/state`);
    // Its domain is gone, and nobody is left to let go.
    if (!state.ok) return state.error.errno === 'ENOENT' ? ok() : state;
    return tx.writeAll([
      { path: `${backend}/online`, value: '0' },
      ...(state.value === CLOSED ? [] : [{ path: `${backend}/state`, value: CLOSING }]),
    ]);
  });
  if (!asked.ok) return asked;
  const isOver = (state: string | undefined) => state === undefined || state === CLOSED;
  const closed = await waitForNode(host, `${backend}/state`, isOver, timeoutMs);
  return closed.ok ? ok() : closed;
}

/** Most devices that are looked at: no domain has more, and a broken store cannot make us loop. */
const MAX_DEVICES = 4096;

export async function findDevices(store: Nodes, of: Domid): Promise<Result<readonly Device[]>> {
  const top = `${libxlPath(of)}/device`;
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

function isBackendPath(path: string): boolean {
  return readBackendPath(path) !== undefined;
}

/**
 * `/local/domain/<backend>/backend/<kind>/<domid>/<id>`: nothing else is ever removed as a back
 * end.
 */
export function readBackendPath(path: string):
  | {
      readonly backend: Domid;
      readonly kind: string;
      readonly device: number;
    }
  | undefined {
  const match = /^\/local\/domain\/([0-9]+)\/backend\/([^/]+)\/[0-9]+\/([0-9]+)$/.exec(path);
  const backend = Number(match?.[1]);
  if (match === null || !isDomid(backend)) return undefined;
  return { backend: domid(backend), kind: match[2] as string, device: Number(match[3]) };
}
