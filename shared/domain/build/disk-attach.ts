/** The plan that gives a domain that runs another disk, a domain of ours or of xl's. */

import { DOM0, type Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { parseTarget } from '../../nbd/target.ts';
import type { VmDisk } from '../spec/vm-spec.ts';
import { closeBackend, DESTROY_TIMEOUT_MS } from './devices.ts';
import { changeRecord, isKept, withDisk, withoutDisk } from './disk-config.ts';
import { type DiskView, readDiskView } from './disk-list.ts';
import { backendPath, diskNodes, errorOf, frontendPath, keptPath } from './disk-nodes.ts';
import { checkAlive, type DiskState, type DiskStep, keepStep, removeDisk } from './disk-plan.ts';
import { stateName, waitForBackend } from './disk-wait.ts';
import type { BuildHost } from './host.ts';
import type { Plan } from './plan.ts';
import { withPermissions } from './store.ts';
import type { KeptDomain } from './userdata.ts';
import { waitForNode } from './wait-for-node.ts';

export interface AttachOptions {
  /** Who serves it: what findBackend says of it. */
  readonly backend: Domid;
  /** How long the guest may take. */
  readonly timeoutMs: number;
}

export function planAttach(
  of: KeptDomain,
  disk: VmDisk,
  { backend, timeoutMs }: AttachOptions,
): Plan<DiskState> {
  return {
    name: `attach ${disk.vdev}`,
    steps: [
      checkStep(of, disk, backend),
      nodesStep(of, disk, backend),
      backendStep(of, disk, backend),
      frontendStep(of, disk, backend, timeoutMs),
      unlessThere(keepStep(of, withDisk(disk), withoutDisk(disk.device))),
    ],
  };
}

const nameOf = (target: string): string => (target === '' ? 'an empty drive' : target);

function pathsOf({ domid }: KeptDomain, { device }: VmDisk, backend: Domid): DiskView['paths'] {
  return {
    kept: keptPath(domid, device),
    front: frontendPath(domid, device),
    back: backendPath(domid, device, backend),
  };
}

function checkStep(of: KeptDomain, disk: VmDisk, backend: Domid): DiskStep {
  const { vdev, target, device } = disk;
  return {
    id: 'check',
    title: `check that ${vdev} is free, and that there is ${nameOf(target)}`,
    run: async (state) => {
      const { host } = state;
      const alive = checkAlive(host, of);
      if (!alive.ok) return alive;
      const there = await readDiskView(host.xenstore, of.domid, device);
      if (there.ok) {
        // Of a plan that was killed before its last step: it is gone on with.
        const mayGoOn = isTheSame(there.value, disk, backend)
          ? await isKept(host, of, device)
          : ok(true);
        if (!mayGoOn.ok) return mayGoOn;
        if (mayGoOn.value !== false) {
          return fail('EEXIST', `${vdev} is there already: ${nameOf(there.value.target)}`);
        }
        state.isOurs = true;
      } else if (there.error.errno !== 'ENOENT') return there;
      // What a driver domain has, it knows itself.
      return backend === DOM0 ? checkImage(host, target) : ok();
    },
  };
}

function isTheSame(view: DiskView, disk: VmDisk, backend: Domid): boolean {
  const { target, isWritable, isCdrom } = disk;
  const keys = [view.target, view.isWritable, view.isCdrom];
  const wanted = [target, isWritable, isCdrom];
  return view.backend === backend && keys.every((key, i) => key === wanted[i]);
}

/** A block device is no regular file: the back end looks at it. */
export async function checkImage({ files }: BuildHost, target: string): Promise<Result<void>> {
  if (target === '') return ok();
  const read = parseTarget(target);
  if (!read.ok || read.value.kind === 'nbd') return read.ok ? ok() : read;
  const stat = await files.stat(read.value.path);
  return stat.ok || stat.error.errno === 'EINVAL' ? ok() : stat;
}

function nodesStep(of: KeptDomain, disk: VmDisk, backend: Domid): DiskStep {
  const paths = pathsOf(of, disk, backend);
  return {
    id: 'nodes',
    title: 'make its nodes in xenstore',
    run: async (state) => {
      if (state.isOurs) return ok();
      const served = (await state.host.serveDisks?.()) ?? ok();
      if (!served.ok) return served;
      const nodes = withPermissions(diskNodes(of.domid, disk, backend), of.domid, backend);
      const made = await state.host.xenstore.transaction(async (tx) => {
        const taken = await tx.exists(paths.kept);
        if (!taken.ok) return taken;
        if (taken.value) return fail('EEXIST', `${disk.vdev} was attached by somebody else`);
        // Whatever an earlier one has left.
        const removed = await removeDisk(tx, of, paths);
        if (!removed.ok) return removed;
        const recorded = await changeRecord(tx, of.domid, withDisk(disk));
        return recorded.ok ? tx.writeAll(nodes) : recorded;
      });
      if (made.ok) state.isOurs = true;
      return made;
    },
    undo: async ({ host, isOurs }) => {
      if (isOurs !== true) return ok();
      // A guest that took it late is asked to let go, and no longer waited for than by libxl.
      await closeBackend(host, paths.back, DESTROY_TIMEOUT_MS);
      return host.xenstore.transaction(async (tx) => {
        const removed = await removeDisk(tx, of, paths);
        return removed.ok ? changeRecord(tx, of.domid, withoutDisk(disk.device)) : removed;
      });
    },
  };
}

function backendStep({ domid }: KeptDomain, disk: VmDisk, backend: Domid): DiskStep {
  return {
    id: 'backend',
    title: 'have its back end open it',
    run: async ({ host }) => {
      const served = (await host.serveDisks?.()) ?? ok();
      return served.ok ? waitForBackend(host, domid, disk, backend) : served;
    },
  };
}

function frontendStep(of: KeptDomain, disk: VmDisk, backend: Domid, timeoutMs: number): DiskStep {
  const { front, back } = pathsOf(of, disk, backend);
  return {
    id: 'frontend',
    title: 'wait until the guest has taken it',
    run: async ({ host }) => {
      const info = host.domainControl.getInfo(of.domid);
      // It will when it runs.
      if (info.ok && info.value.paused) return ok();
      // The back end's word, which maps the rings: that of the guest is the guest's.
      const isTaken = (state: string | undefined) => stateName(state ?? '') === 'Connected';
      const taken = await waitForNode(host, `${back}/state`, isTaken, timeoutMs);
      if (taken.ok) return ok();
      if (taken.error.errno !== 'ETIMEDOUT') return taken;
      return fail('ETIMEDOUT', await whyNotTaken(host, disk.vdev, front, back));
    },
  };
}

async function whyNotTaken(
  { xenstore }: BuildHost,
  vdev: string,
  front: string,
  back: string,
): Promise<string> {
  const states = await Promise.all([front, back].map((end) => xenstore.readString(`${end}/state`)));
  const names = states.map((state) => (state.ok ? stateName(state.value) : 'gone'));
  const errors = await Promise.all([back, front].map((end) => errorOf(xenstore, end)));
  const said = errors.flatMap((error) => (error.ok && error.value ? [`: ${error.value}`] : []));
  const what =
    names[0] === 'Initialising'
      ? 'the guest has not looked at it: does its kernel take disks while it runs?'
      : `the guest’s end is at ${names[0]}, the back end at ${names[1]}`;
  return `${vdev}: ${what}${said.join('')}`;
}

/** What was another's is not taken back. */
function unlessThere(step: DiskStep): DiskStep {
  const { undo } = step;
  if (undo === undefined) return step;
  return { ...step, undo: (state) => (state.isOurs === true ? undo(state) : ok()) };
}
