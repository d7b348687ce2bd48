/** Disks whose back ends the keeper keeps: xtl's of dom0, and those of driver domains. */

import { DOM0, type Domid } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { findDevices, readBackendPath } from './devices.ts';

export interface KeptDisks {
  /** Of dom0's own back end. */
  readonly own: number;
  /** Those with a journal, by the domain that serves them. */
  readonly others: ReadonlyMap<Domid, number>;
}

async function value(store: Nodes, path: string): Promise<string> {
  const read = await store.readString(path);
  return read.ok ? read.value : '';
}

/** Of all these domains. */
export async function keptDisks(
  store: Nodes,
  domids: readonly Domid[],
): Promise<Result<KeptDisks>> {
  let own = 0;
  const others = new Map<Domid, number>();
  for (const domid of domids) {
    const devices = await findDevices(store, domid);
    if (!devices.ok) return devices;
    for (const { kind, backend } of devices.value) {
      const serves = readBackendPath(backend)?.backend;
      if (kind !== 'vbd' || serves === undefined) continue;
      if (serves === DOM0) {
        if (/(^|\/)block-xtl$/.test(await value(store, `${backend}/script`))) own++;
      } else if ((await value(store, `${backend}/journal`)) !== '') {
        others.set(serves, 1 + (others.get(serves) ?? 0));
      }
    }
  }
  return ok({ own, others });
}
