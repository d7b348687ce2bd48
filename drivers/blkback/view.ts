/** What is known of a device at a moment: all its nodes, asked for together. */

import {
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateInitialising,
} from '../../shared/abi/xenbus.ts';
import { readText } from '../../shared/backend/nodes.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import type { BackView } from '../../shared/xenbus/back-state.ts';
import { JOURNAL_NODE } from '../../shared/xenbus/journal-grants.ts';
import { parseState } from '../../shared/xenbus/states.ts';
import type { State } from './device.ts';
import { type DeviceKeys, type FrontKeys, readDevice, readFront } from './keys.ts';
import { type Promised, readPromised } from './promised.ts';
import { readWish, type Wish } from './refresh.ts';

export interface View extends BackView {
  /** What the frontend wrote of its rings, where it may be wanted. */
  readonly front: Result<FrontKeys> | undefined;
  /** What the frontend was told of the disk, where that may be wanted. */
  readonly promised: Result<Promised> | undefined;
  /** What a keeper says of its journal. */
  readonly journal: string | undefined;
  /** Undefined: the device is being removed. */
  readonly wish: Wish | undefined;
}

/** In one round trip to the store, but for rings of many pages. Undefined: the device is gone. */
export async function viewOf(state: State): Promise<Result<View | undefined>> {
  const { path, keys, host, connection } = state;
  const { session } = host;
  const readRings = async (frontend: string) => readFront(session, frontend, host.rings);
  const isOpen = keys !== undefined && connection === undefined;
  const [there, own, online, journal, wish, other, promised, rings] = await Promise.all([
    readText(session, `${path}/frontend`),
    readText(session, `${path}/state`),
    readText(session, `${path}/online`),
    host.renewJournals === undefined ? ok(undefined) : readText(session, `${path}/${JOURNAL_NODE}`),
    readWish(session, path),
    // Before its rings: those of a frontend that says so are all there.
    keys === undefined ? ok(undefined) : readText(session, `${keys.frontend}/state`),
    isOpen ? readPromised(session, path) : undefined,
    isOpen ? readRings(keys.frontend) : undefined,
  ]);
  if (!there.ok) return there;
  if (there.value === undefined) return ok(undefined);
  if (!own.ok) return own;
  if (!online.ok) return online;
  if (!journal.ok) return journal;
  if (!wish.ok) return wish;
  if (!other.ok) return other;
  const told = (text: string | undefined) => (text === undefined ? undefined : parseState(text));
  const isGone = keys !== undefined && host.isGone(keys.frontendId);
  const ends = { own: told(own.value), other: isGone ? undefined : told(other.value) };
  const hasRings = ends.other === XenbusStateInitialised || ends.other === XenbusStateConnected;
  if (!hasRings) state.isGivenUp = false;
  // A frontend that asks to be connected may have closed unseen.
  const mayHaveClosed = connection !== undefined && ends.other === XenbusStateInitialised;
  const front = mayHaveClosed ? await readRings((keys as DeviceKeys).frontend) : rings;
  return ok({
    ...{ ...ends, isOnline: online.value === '1', isConnected: connection !== undefined },
    isReady: state.disk !== undefined && !state.isGivenUp,
    hasOtherKeys: mayHaveClosed && front?.ok === true && !connection.serves(front.value),
    ...{ front, promised, wish: wish.value, journal: journal.value },
  });
}

/**
 * Whether a toolstack has removed the device and made it anew, unseen: nobody else writes the first
 * state. It may be of another image now, and another guest's kernel may be behind it.
 */
export async function isMadeAnew(
  { host, path, keys, isBegun }: State,
  own: number,
): Promise<boolean> {
  if (own !== XenbusStateInitialising) return false;
  if (isBegun) return true;
  const now = await readDevice(host.session, path);
  return now.ok && keys !== undefined && JSON.stringify(now.value) !== JSON.stringify(keys);
}
