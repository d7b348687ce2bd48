/**
 * The steps that take a device from a domain that runs. They can be carried out again from wherever
 * a plan like theirs was interrupted.
 */

import { fail, ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { changeRecord, type DeviceChange, isKept } from './device-config.ts';
import { type DeviceState, keepStep, removeDevice } from './device-plan.ts';
import type { DeviceView } from './device-view.ts';
import { closeBackend, DESTROY_TIMEOUT_MS } from './devices.ts';
import type { BuildHost } from './host.ts';
import type { Step } from './plan.ts';
import { removeAll } from './store.ts';
import type { KeptDomain } from './userdata.ts';

export interface DetachOptions {
  /** How long the guest may take to let go. */
  readonly timeoutMs?: number;
  /** Whether the guest lets go or not. */
  readonly force: boolean;
}

/** A device that is to go. */
export interface Going<V extends DeviceView> {
  /** For messages: `xvdb`. */
  readonly name: string;
  /** What the domain has of its number. */
  readonly read: (nodes: Nodes) => Promise<Result<V>>;
  readonly kept: DeviceChange;
  /** When its back end has let go of it. */
  readonly disconnect?: (host: BuildHost, view: V) => Promise<void>;
}

export function detachSteps<V extends DeviceView>(
  of: KeptDomain,
  going: Going<V>,
  { timeoutMs = DESTROY_TIMEOUT_MS, force }: DetachOptions,
): readonly Step<DeviceState<V>>[] {
  const { disconnect, kept } = going;
  return [
    findStep(of, going),
    closeStep(going, timeoutMs, force),
    ...(disconnect === undefined ? [] : [scriptStep(disconnect)]),
    nodesStep(of, kept),
    keepStep(of, kept),
  ];
}

function findStep<V extends DeviceView>(
  of: KeptDomain,
  { name, read, kept }: Going<V>,
): Step<DeviceState<V>> {
  return {
    id: 'find',
    title: `find ${name}`,
    run: async (state) => {
      const found = await read(state.host.xenstore);
      if (found.ok) state.device = found.value;
      if (found.ok || found.error.errno !== 'ENOENT') return found.ok ? ok() : found;
      // One that was killed before its last step has left this.
      const isThere = await isKept(state.host, of, kept);
      if (!isThere.ok) return isThere;
      return isThere.value === true ? ok() : fail('ENOENT', `there is no ${name}`);
    },
  };
}

function closeStep<V extends DeviceView>(
  going: Going<V>,
  timeoutMs: number,
  force: boolean,
): Step<DeviceState<V>> {
  return {
    id: 'close',
    title: force ? 'take it from the guest' : 'ask the guest to let go of it',
    run: async ({ host, device }) => {
      if (device === undefined) return ok();
      const { front, back } = device.paths;
      // A back end does not wait for a front end that is not there.
      const closed = await closeBackend(host, back, timeoutMs, async (tx) =>
        force ? removeAll(tx, [front]) : ok(),
      );
      if (closed.ok || closed.error.errno !== 'ETIMEDOUT' || force) {
        return closed.ok || force ? ok() : closed;
      }
      return stillHeld(host.xenstore, going);
    },
  };
}

/** Who has not let go in time. */
async function stillHeld<V extends DeviceView>(
  nodes: Nodes,
  { name, read }: Going<V>,
): Promise<Result<void>> {
  const view = await read(nodes);
  if (!view.ok) return view;
  const { frontState = 'gone', backState } = view.value;
  const again = 'it is asked to let go: detach it again when it has, or with --force';
  if (frontState === 'gone' || frontState === 'Closed') {
    const what = `${name}: its back end does not let go (it is at ${backState})`;
    return fail('ETIMEDOUT', `${what}: --force removes it all the same`);
  }
  return fail('ETIMEDOUT', `${name}: the guest holds it (its end is at ${frontState}); ${again}`);
}

function scriptStep<V extends DeviceView>(
  disconnect: (host: BuildHost, view: V) => Promise<void>,
): Step<DeviceState<V>> {
  return {
    id: 'script',
    title: 'have its script take it back',
    run: async ({ host, device }) => {
      if (device !== undefined) await disconnect(host, device);
      return ok();
    },
  };
}

function nodesStep<V extends DeviceView>(of: KeptDomain, kept: DeviceChange): Step<DeviceState<V>> {
  return {
    id: 'nodes',
    title: 'remove its nodes from xenstore',
    run: ({ host, device }) =>
      host.xenstore.transaction(async (tx) => {
        const removed = device === undefined ? ok() : await removeDevice(tx, of, device.paths);
        return removed.ok ? changeRecord(tx, of.domid, kept) : removed;
      }),
  };
}
