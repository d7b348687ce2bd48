/** What the plans that change a device of a domain that runs have in common. */

import { DOM0 } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { changeKept, type DeviceChange } from './device-config.ts';
import { type DevicePaths, errorPath } from './device-nodes.ts';
import type { DeviceView } from './device-view.ts';
import type { BuildHost } from './host.ts';
import { domainPath, libxlPath } from './nodes.ts';
import type { Step } from './plan.ts';
import { removeAll } from './store.ts';
import type { KeptDomain } from './userdata.ts';

export interface DeviceState<V extends DeviceView = DeviceView> {
  readonly host: BuildHost;
  /** The device as it was before the plan; undefined: there was none. */
  device?: V;
  /** Its nodes are of this plan, or of one like it that was killed. */
  isOurs?: boolean;
}

/** ESRCH: there is no such domain any more; EBUSY: it runs no more. */
export function checkAlive({ domainControl }: BuildHost, { domid }: KeptDomain): Result<void> {
  if (domid === DOM0)
    return fail('EBUSY', 'domain 0 is the host: it has what is behind them itself');
  const info = domainControl.getInfo(domid);
  if (!info.ok) return info;
  if (info.value.dying) return fail('ESRCH', `domain ${domid} is being destroyed`);
  if (info.value.shutdown === undefined) return ok();
  return fail('EBUSY', `domain ${domid} has shut down`);
}

/** Removes all nodes of a device, and what is empty above them. */
export async function removeDevice(
  tx: Nodes,
  { domid }: KeptDomain,
  { kept, front, back }: DevicePaths,
): Promise<Result<void>> {
  const removed = await removeAll(tx, [kept, front, back, errorPath(back), errorPath(front)]);
  if (!removed.ok) return removed;
  const home = domainPath(domid);
  const [, , , server = ''] = back.split('/');
  const ways = [
    [kept, `${libxlPath(domid)}/device`],
    [front, `${home}/device`],
    [back, domainPath(Number(server))],
    [errorPath(front), `${home}/error`],
    [errorPath(back), domainPath(Number(server))],
  ] as const;
  for (const [path, top] of ways) {
    const pruned = await pruneUp(tx, path, top);
    if (!pruned.ok) return pruned;
  }
  return ok();
}

/** Removes what is empty above a node that is gone, as far as below `top`. */
async function pruneUp(tx: Nodes, gone: string, top: string): Promise<Result<void>> {
  for (let path = parentOf(gone); path.length > top.length; path = parentOf(path)) {
    const names = await tx.directory(path);
    if (!names.ok && names.error.errno !== 'ENOENT') return names;
    if (!names.ok) continue;
    if (names.value.length > 0) return ok();
    const removed = await tx.rm(path);
    if (!removed.ok) return removed;
  }
  return ok();
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** The last step: what is kept of the domain has the change, too. */
export function keepStep(
  of: KeptDomain,
  change: DeviceChange,
  undo?: DeviceChange,
): Step<DeviceState> {
  return {
    id: 'config',
    title: 'keep the change for xl and for the next start',
    run: ({ host }) => changeKept(host, of, change),
    ...(undo !== undefined && {
      undo: async ({ host }) => {
        const undone = await changeKept(host, of, undo);
        // Files that could not be read were not changed.
        return !undone.ok && undone.error.errno === 'EPROTO' ? ok() : undone;
      },
    }),
  };
}
