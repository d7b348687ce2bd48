/**
 * The devices of a domain, of ours and of xl's, from the toolstack's own copy: what the domain can
 * write says only what its end says of itself.
 */

import type { Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { type DeviceKind, type DevicePaths, devicePaths, errorOf } from './device-nodes.ts';
import { stateName } from './device-wait.ts';
import { readBackendPath } from './devices.ts';
import { libxlPath } from './nodes.ts';
import { readText, readTexts } from './read-texts.ts';

/** What is known of a device of any kind. */
export interface DeviceView {
  readonly device: number;
  readonly backend: Domid;
  /** Names of states; undefined: there is no such end. */
  readonly backState: string | undefined;
  readonly frontState: string | undefined;
  /** What an end says of its failure. */
  readonly error: string | undefined;
  readonly paths: DevicePaths;
}

/** What the kind is called in messages. */
const NAMES: Readonly<Record<DeviceKind, string>> = { vbd: 'disk', vif: 'vif' };

/** One device by its number, and its back end's kind. ENOENT: the domain has none of it. */
export async function readDeviceView(
  nodes: Nodes,
  kind: DeviceKind,
  domid: Domid,
  device: number,
): Promise<Result<DeviceView & { readonly backKind: string }>> {
  const { kept, front } = devicePaths(kind, domid, device, 0);
  const said = await readText(nodes, `${kept}/backend`);
  if (!said.ok) return said;
  const back = said.value ?? '';
  const place = readBackendPath(back);
  if (place === undefined) return fail('ENOENT', `domain ${domid} has no ${NAMES[kind]} ${device}`);
  const states = await readTexts(nodes, { back: `${back}/state`, front: `${front}/state` });
  if (!states.ok) return states;
  const [backError, frontError] = await Promise.all([errorOf(nodes, back), errorOf(nodes, front)]);
  if (!backError.ok) return backError;
  if (!frontError.ok) return frontError;
  const named = (state: string | undefined) => (state === undefined ? undefined : stateName(state));
  return ok({
    ...{ device, backend: place.backend, backKind: place.kind },
    ...{ backState: named(states.value.back), frontState: named(states.value.front) },
    ...{ error: backError.value ?? frontError.value, paths: { kept, front, back } },
  });
}

/** Most that are looked at: a broken store cannot make us loop. */
const DEVICES_MAX = 4096;

/** All of a kind, by their numbers. */
export async function listDevices<V>(
  nodes: Nodes,
  kind: DeviceKind,
  domid: Domid,
  read: (nodes: Nodes, domid: Domid, device: number) => Promise<Result<V>>,
): Promise<Result<readonly V[]>> {
  const names = await nodes.directory(`${libxlPath(domid)}/device/${kind}`);
  if (!names.ok) return names.error.errno === 'ENOENT' ? ok([]) : names;
  const numbers = names.value.filter((name) => /^(0|[1-9][0-9]{0,9})$/.test(name)).map(Number);
  const views: V[] = [];
  for (const device of numbers.sort((a, b) => a - b).slice(0, DEVICES_MAX)) {
    const view = await read(nodes, domid, device);
    if (view.ok) views.push(view.value);
    // One that was detached meanwhile is none.
    else if (view.error.errno !== 'ENOENT') return view;
  }
  return ok(views);
}
