/**
 * The plan that has another back end serve a disk while its guest runs: xtl's in place of the
 * kernel's, or the kernel's in place of xtl's. The guest sees a pause. It can be carried out again
 * from wherever one like it was interrupted.
 */

import { XenbusStateConnected } from '../../abi/xenbus.ts';
import { assert } from '../../core/assert.ts';
import { DOM0 } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import {
  BLOCK_SCRIPT_PATH,
  isOurScript,
  PERSISTENT_NODE,
  RELEASE_NODE,
  SCRIPT_BEFORE_NODE,
  SCRIPT_NODE,
  TAKE_NODE,
} from '../../xenbus/served-by.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { errorOf, errorPath } from './device-nodes.ts';
import { checkAlive } from './device-plan.ts';
import { checkImage } from './disk-image.ts';
import { checkKernel, checkTheSame } from './disk-move-check.ts';
import { type DiskState, type DiskStep, findDisk } from './disk-plan.ts';
import type { BuildHost } from './host.ts';
import type { Plan } from './plan.ts';
import { removeAll } from './store.ts';
import type { KeptDomain } from './userdata.ts';
import { waitForNode } from './wait-for-node.ts';

export type Server = 'xtl' | 'kernel';

/** For what is under way at the one that lets go, and a driver that is loaded. */
const MOVE_TIMEOUT_MS = 30_000;

/** Of disks that no block script of a name of its own has set up (tools/hotplug/Linux/block). */
const KERNEL_SCRIPT_PATH = '/etc/xen/scripts/block';

const CONNECTED = String(XenbusStateConnected);

export function planMove(
  of: KeptDomain,
  device: number,
  vdev: string,
  to: Server,
  timeoutMs = MOVE_TIMEOUT_MS,
): Plan<DiskState> {
  const check = checkStep(of, device, vdev, to);
  return {
    name: `move ${vdev} to ${to === 'xtl' ? 'xtl’s back end' : 'the kernel’s back end'}`,
    steps:
      to === 'xtl'
        ? [check, takeStep(timeoutMs)]
        : [check, releaseStep(timeoutMs), bindStep(timeoutMs)],
  };
}

function checkStep(of: KeptDomain, device: number, vdev: string, to: Server): DiskStep {
  const other = to === 'xtl' ? 'xtl’s back end' : 'the kernel’s back end';
  return {
    id: 'check',
    title: `check that ${vdev} can go to ${other} as it is`,
    run: async (state) => {
      const alive = checkAlive(state.host, of);
      if (!alive.ok) return alive;
      const found = await findDisk(state, of, device, vdev);
      if (!found.ok) return found;
      const { backend, server, backState, frontState, format, target } = found.value;
      if (backend !== DOM0) return fail('EOPNOTSUPP', `${vdev} is served by domain ${backend}`);
      if (server !== 'xtl' && server !== 'Linux') {
        return fail('EOPNOTSUPP', `${vdev} is served by ${server ?? 'nobody yet'}`);
      }
      if (format !== 'raw' || !target.startsWith('/')) {
        return fail('EOPNOTSUPP', `${vdev} is not raw, but ${format}: both know raw images alone`);
      }
      if (backState !== 'Connected' || frontState !== 'Connected') {
        const states = `its ends are ${backState ?? 'gone'} and ${frontState ?? 'gone'}`;
        return fail('EBUSY', `${vdev} is not in use: ${states}`);
      }
      const isThere = (server === 'xtl') === (to === 'xtl');
      if (isThere) return ok();
      if (to === 'kernel') return checkKernel(state, of);
      const image = await checkImage(state.host, target);
      return image.ok ? checkTheSame(state, of) : image;
    },
  };
}

function backOf({ device: disk }: DiskState): string {
  assert(disk !== undefined, 'found');
  return disk.paths.back;
}

async function text(nodes: Nodes, path: string): Promise<Result<string | undefined>> {
  const read = await nodes.readString(path);
  if (read.ok) return read;
  return read.error.errno === 'ENOENT' ? ok(undefined) : read;
}

/** Until nothing is wished for there any more. */
async function waitUntilGone(
  host: BuildHost,
  path: string,
  timeoutMs: number,
  late: string,
): Promise<Result<void>> {
  const isGone = (value: string | undefined) => value === undefined;
  const gone = await waitForNode(host, path, isGone, timeoutMs);
  if (gone.ok) return ok();
  return gone.error.errno === 'ETIMEDOUT' ? fail('ETIMEDOUT', late) : gone;
}

/** Asks our back end to take it over, and waits until it serves it, or says why it cannot. */
async function take(host: BuildHost, back: string, timeoutMs: number): Promise<Result<void>> {
  const { xenstore } = host;
  const served = (await host.serve?.('vbd')) ?? ok();
  if (!served.ok) return served;
  const asked = await xenstore.transaction(async (tx) => {
    const script = await text(tx, `${back}/${SCRIPT_NODE}`);
    if (!script.ok) return script;
    const isOurs = isOurScript(script.value);
    const removed = await removeAll(tx, [`${back}/${RELEASE_NODE}`, errorPath(back)]);
    if (!removed.ok || isOurs) return removed;
    return tx.write(`${back}/${TAKE_NODE}`, BLOCK_SCRIPT_PATH);
  });
  if (!asked.ok) return asked;
  const late = 'it is not taken over in time: what the kernel has begun does not end';
  const answered = await waitUntilGone(host, `${back}/${TAKE_NODE}`, timeoutMs, late);
  if (!answered.ok) return answered;
  const script = await text(xenstore, `${back}/${SCRIPT_NODE}`);
  if (!script.ok) return script;
  if (!isOurScript(script.value)) {
    const why = await errorOf(xenstore, back);
    return why.ok ? fail('EIO', why.value ?? 'its back end does not take it over') : why;
  }
  // That its port was not free at once.
  return xenstore.transaction((tx) => removeAll(tx, [errorPath(back)]));
}

/** Asks our back end to let it go, and waits until it has. */
async function release(host: BuildHost, back: string, timeoutMs: number): Promise<Result<void>> {
  const { xenstore } = host;
  const served = (await host.serve?.('vbd')) ?? ok();
  if (!served.ok) return served;
  const asked = await xenstore.transaction(async (tx) => {
    const script = await text(tx, `${back}/${SCRIPT_NODE}`);
    const before = await text(tx, `${back}/${SCRIPT_BEFORE_NODE}`);
    if (!script.ok) return script;
    if (!before.ok) return before;
    const removed = await removeAll(tx, [`${back}/${TAKE_NODE}`]);
    if (!removed.ok || !isOurScript(script.value)) return removed;
    return tx.write(`${back}/${RELEASE_NODE}`, before.value || KERNEL_SCRIPT_PATH);
  });
  if (!asked.ok) return asked;
  const late = 'xtl’s back end does not let go of it';
  return waitUntilGone(host, `${back}/${RELEASE_NODE}`, timeoutMs, late);
}

/** Until the kernel's back end has connected. */
async function waitForKernel(
  host: BuildHost,
  back: string,
  timeoutMs: number,
): Promise<Result<void>> {
  const isTold = (value: string | undefined) => value !== undefined;
  const told = await waitForNode(host, `${back}/${PERSISTENT_NODE}`, isTold, timeoutMs);
  const isConnected = (value: string | undefined) => value === CONNECTED;
  const done = told.ok ? await waitForNode(host, `${back}/state`, isConnected, timeoutMs) : told;
  if (done.ok) return ok();
  return done.error.errno === 'ETIMEDOUT'
    ? fail('ETIMEDOUT', 'the kernel’s back end does not take it')
    : done;
}

function takeStep(timeoutMs: number): DiskStep {
  return {
    id: 'take',
    title: 'have xtl’s back end take it over from the kernel’s',
    run: (state) => take(state.host, backOf(state), timeoutMs),
    undo: async ({ host, device: disk }) => {
      if (disk === undefined || disk.server === 'xtl') return ok();
      const { back } = disk.paths;
      const released = await release(host, back, timeoutMs);
      return released.ok ? waitForKernel(host, back, timeoutMs) : released;
    },
  };
}

function releaseStep(timeoutMs: number): DiskStep {
  return {
    id: 'release',
    title: 'have xtl’s back end finish what it has taken, and let go',
    run: async (state) => {
      const { host, device: disk, numbers } = state;
      const back = backOf(state);
      if (disk?.server !== 'xtl' || numbers === undefined) return ok();
      const persistent = `${disk.paths.front}/${PERSISTENT_NODE}`;
      const prepared = await host.xenstore.transaction(async (tx) => {
        const there = await tx.exists(persistent);
        if (!there.ok) return there;
        return tx.writeAll([
          { path: `${back}/physical-device`, value: numbers },
          // Linux's frontend says that it has it, whoever has offered it, and breaks where pages
          // then stay mapped (blkif_completion in xen-blkfront.c @ v6.12).
          ...(there.value ? [{ path: persistent, value: '0' }] : []),
        ]);
      });
      return prepared.ok ? release(host, back, timeoutMs) : prepared;
    },
    undo: async ({ host, device: disk, numbers }) => {
      if (disk?.server !== 'xtl' || numbers === undefined) return ok();
      return take(host, disk.paths.back, timeoutMs);
    },
  };
}

function bindStep(timeoutMs: number): DiskStep {
  return {
    id: 'bind',
    title: 'wait until the kernel’s back end serves it',
    run: (state) => waitForKernel(state.host, backOf(state), timeoutMs),
  };
}
