/** Devices of a VM that is built: their back ends must be there before the VM runs. */

import type { Domid } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import { type CreateState, id } from './create-state.ts';
import { backendsPath, type DeviceKind, devicePaths, findBackend } from './device-nodes.ts';
import { waitForBackend } from './device-wait.ts';
import type { StoreNode } from './nodes.ts';
import { pruneBackends, removeAll, withPermissions } from './store.ts';

export interface NewDevice {
  readonly device: number;
  /** For messages: `disk xvda`, and what is behind it. */
  readonly name: string;
  readonly what: string;
  /** Who serves it, as its configuration says. */
  readonly backend: string | undefined;
  readonly nodes: (domid: Domid, backend: Domid) => StoreNode[];
}

/** Who serves one, and where. */
export interface Served {
  readonly backend: Domid;
  readonly back: string;
}

/** Makes the nodes of all, and waits for their back ends: where they are, in the same order. */
export async function makeDevices(
  state: CreateState,
  kind: DeviceKind,
  devices: readonly NewDevice[],
): Promise<Result<readonly Served[]>> {
  const { host } = state;
  const domid = id(state);
  // Who serves is there first: the kernel would take what nobody has told it not to.
  const asked = (await host.serve?.(kind)) ?? ok();
  if (!asked.ok) return asked;
  const served: Served[] = [];
  for (const { device, name, backend } of devices) {
    const found = await findBackend(host.xenstore, backend, name);
    if (!found.ok) return found;
    const { back } = devicePaths(kind, domid, device, found.value);
    served.push({ backend: found.value, back });
  }
  const tops = served.map(({ backend }) => backendsPath(kind, domid, backend));
  state.backends = { ...state.backends, [kind]: [...new Set(tops)] };
  const nodes = devices.flatMap((device, i) => {
    const { backend } = served[i] as Served;
    return withPermissions(device.nodes(domid, backend), domid, backend);
  });
  const made = await host.xenstore.transaction((tx) => tx.writeAll(nodes));
  if (!made.ok) return made;
  const all = await Promise.all(
    devices.map(({ what }, i) => waitForBackend(host, (served[i] as Served).back, what)),
  );
  return all.find((each) => !each.ok) ?? ok(served);
}

/** Takes back what makeDevices has made; the domain's own nodes go with the domain. */
export async function removeDevices(state: CreateState, kind: DeviceKind): Promise<Result<void>> {
  const tops = state.backends?.[kind] ?? [];
  return state.host.xenstore.transaction(async (tx) => {
    const removed = await removeAll(tx, tops);
    return removed.ok ? pruneBackends(tx, tops) : removed;
  });
}
