/**
 * A device that its toolstack takes away is removed by the domain that serves it, once it is
 * closed: libxl waits ten seconds for that (remove_device and libxl__device_destroy in
 * libxl_device.c @ RELEASE-4.17.0). Of a driver domain the nodes are dom0's, and so is the removal.
 */

import { XenbusStateClosed } from '../../shared/abi/xenbus.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import type { Nodes } from '../../shared/xenstore/nodes.ts';
import type { XenstoreSession } from '../../shared/xenstore/session.ts';

const CLOSED = String(XenbusStateClosed);

async function isOver(nodes: Nodes, path: string): Promise<boolean> {
  const online = await nodes.readString(`${path}/online`);
  if (!online.ok || online.value !== '0') return false;
  const state = await nodes.readString(`${path}/state`);
  return state.ok && state.value === CLOSED;
}

async function remove(tx: Nodes, path: string): Promise<Result<void>> {
  // It may have been made anew.
  if (!(await isOver(tx, path))) return ok();
  const removed = await tx.rm(path);
  if (!removed.ok) return removed;
  const above = path.slice(0, path.lastIndexOf('/'));
  const others = await tx.directory(above);
  return others.ok && others.value.length === 0 ? tx.rm(above) : ok();
}

/** Removes the device at `path`, and the directory of its frontend's devices if it was the last. */
export async function removeIfOver(
  session: Nodes & Pick<XenstoreSession, 'transaction'>,
  path: string,
): Promise<void> {
  // What cannot be removed now is looked at again with the next event.
  if (await isOver(session, path)) await session.transaction((tx) => remove(tx, path));
}
