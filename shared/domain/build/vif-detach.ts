/** The plan that takes a vif from a domain that runs. */

import { type DetachOptions, detachSteps } from './device-detach.ts';
import type { DeviceState } from './device-plan.ts';
import type { BuildHost } from './host.ts';
import type { Plan } from './plan.ts';
import type { KeptDomain } from './userdata.ts';
import { withoutVif } from './vif-config.ts';
import { readVifView, type VifView } from './vif-list.ts';
import { nameOf } from './vif-nodes.ts';
import { disconnectVif, hookedVif } from './vif-script.ts';

async function disconnect(host: BuildHost, of: KeptDomain, { paths }: VifView): Promise<void> {
  for (const vif of hookedVif(of.domid, paths.back)) await disconnectVif(host, vif);
}

export function planDetachVif(
  of: KeptDomain,
  devid: number,
  options: DetachOptions,
): Plan<DeviceState<VifView>> {
  const name = nameOf(devid);
  const steps = detachSteps<VifView>(
    of,
    {
      ...{ name, kept: withoutVif(devid) },
      read: (nodes) => readVifView(nodes, of.domid, devid),
      disconnect: (host, view) => disconnect(host, of, view),
    },
    options,
  );
  return { name: `detach ${name}`, steps };
}
