/** What the plans that change a disk of a domain that runs have in common. */

import { DOM0 } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { changeKept, changeRecord, type DiskChange } from './disk-config.ts';
import { type DiskView, readDiskView } from './disk-list.ts';
import { errorOf, errorPath } from './disk-nodes.ts';
import type { BuildHost } from './host.ts';
import { domainPath, libxlPath } from './nodes.ts';
import type { Step } from './plan.ts';
import { removeAll } from './store.ts';
import type { KeptDomain } from './userdata.ts';
import { waitForNode } from './wait-for-node.ts';

export interface DiskState {
  readonly host: BuildHost;
  /** The disk as it was before the plan; undefined: there was none. */
  disk?: DiskView;
  /** Its nodes are of this plan, or of one like it that was killed. */
  isOurs?: boolean;
  /** What its image is to have, in bytes; and what the back end has told, in sectors. */
  bytes?: number;
  sectors?: number;
}

export type DiskStep = Step<DiskState>;

export function newDiskState(host: BuildHost): DiskState {
  return { host };
}

/** ESRCH: there is no such domain any more; EBUSY: it runs no more. */
export function checkAlive({ domainControl }: BuildHost, { domid }: KeptDomain): Result<void> {
  if (domid === DOM0) return fail('EBUSY', 'domain 0 is the host: it has the images themselves');
  const info = domainControl.getInfo(domid);
  if (!info.ok) return info;
  if (info.value.dying) return fail('ESRCH', `domain ${domid} is being destroyed`);
  if (info.value.shutdown === undefined) return ok();
  return fail('EBUSY', `domain ${domid} has shut down`);
}

/** The disk that a plan is for. ENOENT: the domain has none of that number, `vdev` by its name. */
export async function findDisk(
  state: DiskState,
  { domid }: KeptDomain,
  device: number,
  vdev: string,
): Promise<Result<DiskView>> {
  const found = await readDiskView(state.host.xenstore, domid, device);
  if (found.ok) state.disk = found.value;
  else if (found.error.errno === 'ENOENT') return fail('ENOENT', `there is no ${vdev}`);
  return found;
}

/** Removes all nodes of a disk, and what is empty above them. */
export async function removeDisk(
  tx: Nodes,
  { domid }: KeptDomain,
  { kept, front, back }: DiskView['paths'],
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
export function keepStep(of: KeptDomain, change: DiskChange, undo?: DiskChange): DiskStep {
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

/** Whether the back end takes wishes. */
export function checkServer({ server, vdev, backState }: DiskView): Result<void> {
  if (server === 'xtl') return ok();
  const by: Readonly<Record<string, string>> = {
    Linux: 'is served by Linux’s xen-blkback, which changes no medium and measures by itself',
    QEMU: 'is served by QEMU, which only xl can ask',
  };
  const none = `has no back end of xtl’s (its state is ${backState ?? 'missing'})`;
  return fail('EOPNOTSUPP', `${vdev} ${by[server ?? ''] ?? none}`);
}

/** libxl_internal.h @ RELEASE-4.17.0: LIBXL_HOTPLUG_TIMEOUT is as long. */
const WISH_TIMEOUT_MS = 10_000;

export interface DiskWish {
  /** Another medium. */
  readonly target?: string;
  /** Nothing beyond is used from now on. */
  readonly sectorsMax?: number;
}

/** Writes a wish for the back end, with what our record has of it, in one transaction. */
export function writeWish(
  { xenstore }: BuildHost,
  { domid }: KeptDomain,
  { paths: { back, kept } }: DiskView,
  { target, sectorsMax }: DiskWish,
  change?: DiskChange,
): Promise<Result<void>> {
  return xenstore.transaction(async (tx) => {
    const state = await tx.readString(`${back}/state`);
    if (!state.ok) return state;
    const removed = await removeAll(tx, [errorPath(back)]);
    if (!removed.ok) return removed;
    const recorded = change === undefined ? ok() : await changeRecord(tx, domid, change);
    if (!recorded.ok) return recorded;
    return tx.writeAll([
      ...(target === undefined
        ? []
        : [back, kept].map((path) => ({ path: `${path}/params`, value: target }))),
      { path: `${back}/refresh`, value: sectorsMax === undefined ? '' : String(sectorsMax) },
    ]);
  });
}

/** Until the back end has answered: what it then tells. EIO says what it could not do. */
export async function waitForAnswer(
  host: BuildHost,
  { vdev, paths: { back } }: DiskView,
): Promise<Result<void>> {
  const served = (await host.serveDisks?.()) ?? ok();
  if (!served.ok) return served;
  const isAnswered = (value: string | undefined) => value === undefined;
  const answer = await waitForNode(host, `${back}/refresh`, isAnswered, WISH_TIMEOUT_MS);
  if (!answer.ok) {
    if (answer.error.errno !== 'ETIMEDOUT') return answer;
    return fail('ETIMEDOUT', `${vdev}: its back end does not answer`);
  }
  const why = await errorOf(host.xenstore, back);
  if (!why.ok) return why;
  return why.value === undefined ? ok() : fail('EIO', `${vdev}: ${why.value}`);
}
