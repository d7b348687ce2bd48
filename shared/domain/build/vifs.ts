/** A VM's network interfaces, which scripts connect before the VM runs. */

import { ok, type Result } from '../../core/result.ts';
import type { VmVif } from '../spec/vm-spec.ts';
import { type CreateState, type CreateStep, id, type Prepared } from './create-state.ts';
import { withMac } from './vif-mac.ts';
import { nameOf, vifNodes } from './vif-nodes.ts';
import { connectVif, disconnectVif, type Hooked, hookedVif } from './vif-script.ts';
import { makeDevices, type NewDevice, removeDevices } from './vm-devices.ts';

/** Those of dom0's scripts are begun all at once, as by libxl. */
async function connectAll(state: CreateState, vifs: readonly Hooked[]): Promise<Result<void>> {
  // What is taken back later, whether it has come to its end or not.
  state.hooked = vifs;
  const all = await Promise.all(vifs.map((vif) => connectVif(state.host, vif)));
  return all.find((each) => !each.ok) ?? ok();
}

function newVif(vif: VmVif, uuid: string): NewDevice {
  const name = nameOf(vif.devid);
  return {
    ...{ device: vif.devid, name, what: name, backend: vif.backend },
    nodes: (domid, backend) => vifNodes(domid, withMac(vif, uuid), backend),
  };
}

export function vifsStep({ spec: { vifs = [] }, uuid }: Prepared): CreateStep {
  const names = vifs.map((vif) => `${vif.devid} (${withMac(vif, uuid).mac})`).join(', ');
  return {
    id: 'vifs',
    title: `connect its network interfaces: ${names}`,
    run: async (state) => {
      const made = await makeDevices(
        state,
        'vif',
        vifs.map((vif) => newVif(vif, uuid)),
      );
      if (!made.ok) return made;
      const hooked = made.value.flatMap(({ back }) => hookedVif(id(state), back));
      return connectAll(state, hooked);
    },
    undo: async (state) => {
      const { host, hooked = [] } = state;
      await Promise.all(hooked.map((vif) => disconnectVif(host, vif)));
      return removeDevices(state, 'vif');
    },
  };
}
