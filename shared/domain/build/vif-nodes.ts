/**
 * A vif in xenstore, in libxl's order (libxl__set_xenstore_nic in libxl_nic.c @ RELEASE-4.17.0;
 * `vlan` since RELEASE-4.20.0).
 */

import type { Domid } from '../../core/ids.ts';
import { VIF_SERVER_NODE } from '../../xenbus/served-by.ts';
import type { VifServer } from '../spec/vif-spec.ts';
import { deviceNodes, devicePaths, INITIALISING, type Pairs } from './device-nodes.ts';
import type { StoreNode } from './nodes.ts';
import type { NamedVif } from './vif-mac.ts';

/** XEN_SCRIPT_DIR of Debian and of upstream. */
const SCRIPT_DIR = '/etc/xen/scripts';

/** libxl_nic.c @ RELEASE-4.17.0: what is not said. */
const [DEFAULT_SCRIPT, DEFAULT_BRIDGE, DEFAULT_MTU] = ['vif-bridge', 'xenbr0', 1500];

/** Who in dom0 serves a vif whose configuration does not say. */
const DEFAULT_SERVER: VifServer = 'linux';

const optional = (name: string, value: string | undefined): Pairs =>
  value === undefined ? [] : [[name, value]];

/** Where a script is; `script` as in a configuration. */
function scriptPath(script = DEFAULT_SCRIPT): string {
  return script.startsWith('/') ? script : `${SCRIPT_DIR}/${script}`;
}

/** For messages. */
export const nameOf = (devid: number): string => `vif ${devid}`;

/** All nodes of a vif: ours, the frontend's and the back end's. */
export function vifNodes(domid: Domid, vif: NamedVif, backend: Domid): StoreNode[] {
  const { devid, mac, rate, mtu = DEFAULT_MTU, server = DEFAULT_SERVER } = vif;
  const paths = devicePaths('vif', domid, devid, backend);
  const isOurs = vif.backend === undefined && server === 'xtl';
  const back: Pairs = [
    ['frontend-id', String(domid)],
    ['online', '1'],
    ['state', INITIALISING],
    ['script', scriptPath(vif.script)],
    ...optional('vifname', vif.vifname),
    ['mac', mac],
    ...optional('ip', vif.ip),
    ...optional('gatewaydev', vif.gatewaydev),
    ...optional('rate', rate && `${rate.bytes},${rate.intervalUs}`),
    // Of another one the script asks the bridge.
    ...optional('mtu', mtu === DEFAULT_MTU ? undefined : String(mtu)),
    ...optional('vlan', vif.vlan),
    ['bridge', vif.bridge ?? DEFAULT_BRIDGE],
    ['handle', String(devid)],
    ['type', 'vif'],
    // The back end does not connect before the script has written something else.
    ['hotplug-status', ''],
    ...optional(VIF_SERVER_NODE, isOurs ? 'xtl' : undefined),
  ];
  const front: Pairs = [
    ['backend-id', String(backend)],
    ['state', INITIALISING],
    ['handle', String(devid)],
    ['mac', mac],
    ['trusted', vif.trusted === false ? '0' : '1'],
  ];
  return [
    ...deviceNodes(paths, { back, front }),
    // The script's, which knows the bridge's; the guest's eye alone.
    { path: `${paths.front}/mtu`, value: String(mtu), access: 'backend-serves' },
  ];
}
