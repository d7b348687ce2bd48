/**
 * The plan that takes a disk from a domain that runs. It can be carried out again from wherever one
 * like it was interrupted.
 */

import { fail, ok, type Result } from '../../core/result.ts';
import { closeBackend, DESTROY_TIMEOUT_MS } from './devices.ts';
import { changeRecord, isKept, withoutDisk } from './disk-config.ts';
import { readDiskView } from './disk-list.ts';
import { type DiskState, type DiskStep, findDisk, keepStep, removeDisk } from './disk-plan.ts';
import type { BuildHost } from './host.ts';
import type { Plan } from './plan.ts';
import { removeAll } from './store.ts';
import type { KeptDomain } from './userdata.ts';

export interface DetachOptions {
  /** How long the guest may take to let go. */
  readonly timeoutMs?: number;
  /** Whether the guest lets go or not. */
  readonly force: boolean;
}

/** `vdev` is the name of the device, for messages. */
export function planDetach(
  of: KeptDomain,
  device: number,
  vdev: string,
  { timeoutMs = DESTROY_TIMEOUT_MS, force }: DetachOptions,
): Plan<DiskState> {
  return {
    name: `detach ${vdev}`,
    steps: [
      findStep(of, device, vdev),
      closeStep(of, device, vdev, timeoutMs, force),
      nodesStep(of, device),
      keepStep(of, withoutDisk(device)),
    ],
  };
}

function findStep(of: KeptDomain, device: number, vdev: string): DiskStep {
  return {
    id: 'find',
    title: `find ${vdev}`,
    run: async (state) => {
      const found = await findDisk(state, of, device, vdev);
      if (found.ok || found.error.errno !== 'ENOENT') return found.ok ? ok() : found;
      // One that was killed before its last step has left this.
      const kept = await isKept(state.host, of, device);
      if (!kept.ok) return kept;
      return kept.value === true ? ok() : found;
    },
  };
}

function closeStep(
  of: KeptDomain,
  device: number,
  vdev: string,
  timeoutMs: number,
  force: boolean,
): DiskStep {
  return {
    id: 'close',
    title: force ? 'take it from the guest' : 'ask the guest to let go of it',
    run: async ({ host, disk }) => {
      if (disk === undefined) return ok();
      const { front, back } = disk.paths;
      // A back end does not wait for a front end that is not there.
      const closed = await closeBackend(host, back, timeoutMs, async (tx) =>
        force ? removeAll(tx, [front]) : ok(),
      );
      if (closed.ok || closed.error.errno !== 'ETIMEDOUT' || force) {
        return closed.ok || force ? ok() : closed;
      }
      return stillHeld(host, of, device, vdev);
    },
  };
}

/** Who has not let go in time. */
async function stillHeld(
  { xenstore }: BuildHost,
  { domid }: KeptDomain,
  device: number,
  vdev: string,
): Promise<Result<void>> {
  const view = await readDiskView(xenstore, domid, device);
  if (!view.ok) return view;
  const { frontState = 'gone', backState } = view.value;
  const again = 'it is asked to let go: detach it again when it has, or with --force';
  if (frontState === 'gone' || frontState === 'Closed') {
    const what = `${vdev}: its back end does not let go (it is at ${backState})`;
    return fail('ETIMEDOUT', `${what}: --force removes it all the same`);
  }
  return fail('ETIMEDOUT', `${vdev}: the guest holds it (its end is at ${frontState}); ${again}`);
}

function nodesStep(of: KeptDomain, device: number): DiskStep {
  return {
    id: 'nodes',
    title: 'remove its nodes from xenstore',
    run: ({ host, disk }) =>
      host.xenstore.transaction(async (tx) => {
        const removed = disk === undefined ? ok() : await removeDisk(tx, of, disk.paths);
        return removed.ok ? changeRecord(tx, of.domid, withoutDisk(device)) : removed;
      }),
  };
}
