/** Waiting for the back end of a device, within limits. */

import * as xenbus from '../../abi/xenbus.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { errorOf } from './device-nodes.ts';
import type { BuildHost } from './host.ts';
import { waitForNode } from './wait-for-node.ts';

const INIT_WAIT = String(xenbus.XenbusStateInitWait);
const CONNECTED = String(xenbus.XenbusStateConnected);

/** libxl_internal.h @ RELEASE-4.17.0: LIBXL_INIT_TIMEOUT. */
const BACKEND_TIMEOUT_MS = 10_000;

const STATE_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(xenbus).map(([name, value]) => [String(value), name.replace('XenbusState', '')]),
);

/** The name of what a `state` node says: a guest writes what it wants. */
export function stateName(text: string): string {
  return STATE_NAMES.get(text) ?? 'Unknown';
}

/** Until the back end has what is behind the device, `what` by its name. */
export async function waitForBackend(
  host: Pick<BuildHost, 'xenstore' | 'clock'>,
  back: string,
  what: string,
): Promise<Result<void>> {
  // One that is connected already was there.
  const isThere = (state: string | undefined) => state === INIT_WAIT || state === CONNECTED;
  const found = await waitForNode(host, `${back}/state`, isThere, BACKEND_TIMEOUT_MS);
  if (found.ok) return ok();
  if (found.error.errno !== 'ETIMEDOUT')
    return fail(found.error.errno, `${what}: ${found.error.what}`);
  const why = await errorOf(host.xenstore, back);
  return why.ok && why.value !== undefined
    ? fail('EIO', `${what}: ${why.value}`)
    : fail('ETIMEDOUT', `${what}: no back end serves it`);
}
