/** The steps that give a domain that runs another device, a domain of ours or of xl's. */

import type { Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { changeRecord, type DeviceChange, isKept } from './device-config.ts';
import { type DeviceKind, type DevicePaths, errorOf } from './device-nodes.ts';
import { checkAlive, type DeviceState, keepStep, removeDevice } from './device-plan.ts';
import type { DeviceView } from './device-view.ts';
import { stateName, waitForBackend } from './device-wait.ts';
import { closeBackend, DESTROY_TIMEOUT_MS } from './devices.ts';
import type { BuildHost } from './host.ts';
import type { StoreNode } from './nodes.ts';
import type { Step } from './plan.ts';
import { withPermissions } from './store.ts';
import type { KeptDomain } from './userdata.ts';
import { waitForNode } from './wait-for-node.ts';

/** A device that is to come. */
export interface Coming<V extends DeviceView> {
  readonly kind: DeviceKind;
  /** For messages: `xvdb`; in the title of the first step; and for the back end's failures. */
  readonly name: string;
  readonly checked: string;
  readonly what: string;
  readonly backend: Domid;
  readonly paths: DevicePaths;
  readonly nodes: readonly StoreNode[];
  /** What is kept of it, and what is if it is taken back. */
  readonly kept: DeviceChange;
  readonly undone: DeviceChange;
  /** What the domain has of its number. */
  readonly read: (nodes: Nodes) => Promise<Result<V>>;
  readonly isTheSame: (view: V) => boolean;
  /** What is there already, for messages: what is behind it. */
  readonly behind: (view: V) => string;
  /** Whether there is what it needs. */
  readonly check: (host: BuildHost) => Promise<Result<void>>;
  /** Between its back end and the guest. */
  readonly connect?: (host: BuildHost) => Promise<Result<void>>;
  /** When its back end has let go of it. */
  readonly disconnect?: (host: BuildHost) => Promise<void>;
  /** What a guest may lack that does not look at it. */
  readonly needs: string;
}

export function attachSteps<V extends DeviceView>(
  of: KeptDomain,
  coming: Coming<V>,
  timeoutMs: number,
): readonly Step<DeviceState<V>>[] {
  const { connect } = coming;
  return [
    checkStep(of, coming),
    nodesStep(of, coming),
    backendStep(coming),
    ...(connect === undefined ? [] : [scriptStep<V>(connect)]),
    frontendStep(of, coming, timeoutMs),
    unlessThere(keepStep(of, coming.kept, coming.undone)),
  ];
}

function checkStep<V extends DeviceView>(
  of: KeptDomain,
  { name, checked, kept, read, isTheSame, behind, check }: Coming<V>,
): Step<DeviceState<V>> {
  return {
    id: 'check',
    title: `check that ${name} is free${checked}`,
    run: async (state) => {
      const { host } = state;
      const alive = checkAlive(host, of);
      if (!alive.ok) return alive;
      const there = await read(host.xenstore);
      if (there.ok) {
        // Of a plan that was killed before its last step: it is gone on with.
        const mayGoOn = isTheSame(there.value) ? await isKept(host, of, kept) : ok(true);
        if (!mayGoOn.ok) return mayGoOn;
        if (mayGoOn.value !== false) {
          return fail('EEXIST', `${name} is there already: ${behind(there.value)}`);
        }
        state.isOurs = true;
      } else if (there.error.errno !== 'ENOENT') return there;
      return check(host);
    },
  };
}

function nodesStep<V extends DeviceView>(
  of: KeptDomain,
  { kind, name, paths, nodes, backend, kept, undone, disconnect }: Coming<V>,
): Step<DeviceState<V>> {
  return {
    id: 'nodes',
    title: 'make its nodes in xenstore',
    run: async (state) => {
      if (state.isOurs) return ok();
      const served = (await state.host.serve?.(kind)) ?? ok();
      if (!served.ok) return served;
      const list = withPermissions(nodes, of.domid, backend);
      const made = await state.host.xenstore.transaction(async (tx) => {
        const taken = await tx.exists(paths.kept);
        if (!taken.ok) return taken;
        if (taken.value) return fail('EEXIST', `${name} was attached by somebody else`);
        // Whatever an earlier one has left.
        const removed = await removeDevice(tx, of, paths);
        if (!removed.ok) return removed;
        const recorded = await changeRecord(tx, of.domid, kept);
        return recorded.ok ? tx.writeAll(list) : recorded;
      });
      if (made.ok) state.isOurs = true;
      return made;
    },
    undo: async ({ host, isOurs }) => {
      if (isOurs !== true) return ok();
      // A guest that took it late is asked to let go, and no longer waited for than by libxl.
      await closeBackend(host, paths.back, DESTROY_TIMEOUT_MS);
      await disconnect?.(host);
      return host.xenstore.transaction(async (tx) => {
        const removed = await removeDevice(tx, of, paths);
        return removed.ok ? changeRecord(tx, of.domid, undone) : removed;
      });
    },
  };
}

function backendStep<V extends DeviceView>({ kind, paths, what }: Coming<V>): Step<DeviceState<V>> {
  return {
    id: 'backend',
    title: 'have its back end open it',
    run: async ({ host }) => {
      const served = (await host.serve?.(kind)) ?? ok();
      return served.ok ? waitForBackend(host, paths.back, what) : served;
    },
  };
}

function scriptStep<V extends DeviceView>(
  connect: (host: BuildHost) => Promise<Result<void>>,
): Step<DeviceState<V>> {
  return {
    id: 'script',
    title: 'have its script connect it',
    run: ({ host }) => connect(host),
  };
}

function frontendStep<V extends DeviceView>(
  of: KeptDomain,
  { name, paths: { front, back }, needs }: Coming<V>,
  timeoutMs: number,
): Step<DeviceState<V>> {
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
      return fail('ETIMEDOUT', `${name}: ${await whyNotTaken(host, front, back, needs)}`);
    },
  };
}

async function whyNotTaken(
  { xenstore }: BuildHost,
  front: string,
  back: string,
  needs: string,
): Promise<string> {
  const states = await Promise.all([front, back].map((end) => xenstore.readString(`${end}/state`)));
  const names = states.map((state) => (state.ok ? stateName(state.value) : 'gone'));
  const errors = await Promise.all([back, front].map((end) => errorOf(xenstore, end)));
  const said = errors.flatMap((error) => (error.ok && error.value ? [`: ${error.value}`] : []));
  const what =
    names[0] === 'Initialising'
      ? `the guest has not looked at it: ${needs}`
      : `the guest’s end is at ${names[0]}, the back end at ${names[1]}`;
  return `${what}${said.join('')}`;
}

/** What was another's is not taken back. */
function unlessThere<S extends DeviceState>(step: Step<S>): Step<S> {
  const { undo } = step;
  if (undo === undefined) return step;
  return { ...step, undo: (state) => (state.isOurs === true ? undo(state) : ok()) };
}
