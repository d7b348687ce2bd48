/** What the plans that change a disk of a domain that runs have in common. */

import { fail, ok, type Result } from '../../core/result.ts';
import { changeRecord, type DeviceChange } from './device-config.ts';
import { errorOf, errorPath } from './device-nodes.ts';
import type { DeviceState } from './device-plan.ts';
import { type DiskView, readDiskView } from './disk-list.ts';
import type { BuildHost } from './host.ts';
import type { Step } from './plan.ts';
import { removeAll } from './store.ts';
import type { KeptDomain } from './userdata.ts';
import { waitForNode } from './wait-for-node.ts';

export interface DiskState extends DeviceState<DiskView> {
  /** What its image is to have, in bytes; and what the back end has told, in sectors. */
  bytes?: number;
  sectors?: number;
  /** Its block device's numbers, as the kernel's back end is told of it. */
  numbers?: string;
}

export type DiskStep = Step<DiskState>;

export function newDiskState(host: BuildHost): DiskState {
  return { host };
}

/** The disk that a plan is for. ENOENT: the domain has none of that number, `vdev` by its name. */
export async function findDisk(
  state: DiskState,
  { domid }: KeptDomain,
  device: number,
  vdev: string,
): Promise<Result<DiskView>> {
  const found = await readDiskView(state.host.xenstore, domid, device);
  if (found.ok) state.device = found.value;
  else if (found.error.errno === 'ENOENT') return fail('ENOENT', `there is no ${vdev}`);
  return found;
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
  change?: DeviceChange,
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
  const served = (await host.serve?.('vbd')) ?? ok();
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
