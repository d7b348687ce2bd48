/**
 * Devices that a driver domain served, whose nodes went with it: another toolstack that ends a
 * domain removes all that lies in its directory. They are made again from that toolstack's own
 * copies, so that the domain finds them when it comes again; to frontends they were gone for a
 * while, which those take for nothing.
 */

import {
  XenbusStateClosed,
  XenbusStateConnected,
  XenbusStateInitialising,
  XenbusStateInitWait,
} from '../../abi/xenbus.ts';
import { type Domid, domid, isDomid } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { type CreateStep, id } from './create-state.ts';
import { findDevices, readBackendPath } from './devices.ts';
import { domainPath, libxlPath } from './nodes.ts';
import { withPermissions } from './store.ts';

/** A copy has about 20 names; a broken store cannot make us loop. */
const NAMES_MAX = 64;

/** Of the copy alone. */
const NOT_THE_BACK_ENDS: readonly string[] = ['backend', 'state'];

/** Where a back end stands whose frontend says this, and that nobody has heard of since. */
function stateBeside(front: string | undefined): number {
  if (front === String(XenbusStateClosed)) return XenbusStateClosed;
  const hasBegun = [XenbusStateInitialising, XenbusStateInitWait].map(String).includes(front ?? '');
  // Beyond that it may have been served, and is served on if it was.
  return hasBegun || front === undefined ? XenbusStateInitialising : XenbusStateConnected;
}

async function value(store: Nodes, path: string): Promise<Result<string | undefined>> {
  const read = await store.readString(path);
  if (read.ok) return read;
  return read.error.errno === 'ENOENT' ? ok(undefined) : read;
}

/** The device of a guest at `backend`, unless it is there. */
async function makeAgain(
  tx: Nodes,
  guest: Domid,
  backend: string,
  self: Domid,
): Promise<Result<void>> {
  const there = await tx.exists(`${backend}/frontend`);
  if (!there.ok || there.value) return there.ok ? ok() : there;
  const [kind, , number] = backend.split('/').slice(-3);
  const kept = `${libxlPath(guest)}/device/${kind}/${number}`;
  const front = `${domainPath(guest)}/device/${kind}/${number}`;
  const names = await tx.directory(kept);
  if (!names.ok) return names.error.errno === 'ENOENT' ? ok() : names;
  const state = await value(tx, `${front}/state`);
  if (!state.ok) return state;
  const nodes = [{ path: backend, value: '', access: 'backend-serves' as const }];
  const add = (name: string, text: string) =>
    nodes.push({ path: `${backend}/${name}`, value: text, access: 'backend-serves' });
  for (const name of names.value.slice(0, NAMES_MAX)) {
    if (NOT_THE_BACK_ENDS.includes(name)) continue;
    const text = await value(tx, `${kept}/${name}`);
    if (!text.ok) return text;
    add(name, text.value ?? '');
  }
  add('state', String(stateBeside(state.value)));
  return tx.writeAll(withPermissions(nodes, guest, self));
}

export function servedStep(): CreateStep {
  return {
    id: 'served',
    title: 'make what it serves again, where that is gone',
    run: async (state) => {
      const { xenstore } = state.host;
      const self = id(state);
      const guests = await xenstore.directory('/libxl');
      if (!guests.ok) return guests.error.errno === 'ENOENT' ? ok() : guests;
      for (const guest of guests.value.map(Number).filter(isDomid).map(domid)) {
        const devices = await findDevices(xenstore, guest);
        if (!devices.ok) return devices;
        for (const { backend } of devices.value) {
          if (readBackendPath(backend)?.backend !== self) continue;
          const made = await xenstore.transaction((tx) => makeAgain(tx, guest, backend, self));
          if (!made.ok) return made;
        }
      }
      return ok();
    },
  };
}
