/** A device as its nodes say that it stands, for the machine of states. */

import { XenbusStateConnected, XenbusStateInitialised } from '../../shared/abi/xenbus.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import type { BackView } from '../../shared/xenbus/back-state.ts';
import { parseState } from '../../shared/xenbus/states.ts';
import type { State } from './device.ts';
import { type DeviceKeys, readFront } from './keys.ts';

async function value(state: State, path: string): Promise<Result<string | undefined>> {
  const read = await state.host.session.readString(path);
  if (read.ok) return read;
  return read.error.errno === 'ENOENT' ? ok(undefined) : read;
}

/** What both ends say now; undefined: the device was removed. A failure is the store's. */
export async function viewOf(state: State): Promise<Result<BackView | undefined>> {
  const { path, keys, host, connection } = state;
  const [there, own, online, other] = await Promise.all([
    value(state, `${path}/frontend`),
    value(state, `${path}/state`),
    value(state, `${path}/online`),
    keys === undefined ? ok(undefined) : value(state, `${keys.frontend}/state`),
  ]);
  if (!there.ok) return there;
  if (there.value === undefined) return ok(undefined);
  if (!own.ok) return own;
  if (!online.ok) return online;
  if (!other.ok) return other;
  const told = (text: string | undefined) => (text === undefined ? undefined : parseState(text));
  const isGone = keys !== undefined && host.isGone(keys.frontendId);
  const ends = { own: told(own.value), other: isGone ? undefined : told(other.value) };
  const hasRings = ends.other === XenbusStateInitialised || ends.other === XenbusStateConnected;
  if (!hasRings) state.isGivenUp = false;
  const view = {
    ...{ ...ends, isOnline: online.value === '1', isConnected: connection !== undefined },
    isReady: state.disk !== undefined && !state.isGivenUp,
  };
  // A frontend that asks to be connected may have closed unseen.
  if (connection === undefined || view.other !== XenbusStateInitialised)
    return ok({ ...view, hasOtherKeys: false });
  const front = await readFront(host.session, (keys as DeviceKeys).frontend, host.rings);
  const hasOtherKeys = front.ok && !connection.serves(front.value);
  return ok({ ...view, hasOtherKeys });
}
