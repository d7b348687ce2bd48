/** The network interfaces of a domain, of ours and of xl's. */

import { DOM0, type Domid } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import { isOurVif, VIF_SERVER_NODE, vifName } from '../../xenbus/served-by.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { type DeviceView, listDevices, readDeviceView } from './device-view.ts';
import { readTexts } from './read-texts.ts';

/** Texts are as in xenstore: UTF-8, a byte a character; undefined: nobody said one. */
export interface VifView extends DeviceView {
  readonly mac: string | undefined;
  readonly bridge: string | undefined;
  readonly ip: string | undefined;
  readonly script: string | undefined;
  /** What was said of its name; and the name that it has in the domain that serves it. */
  readonly vifname: string | undefined;
  readonly interfaceName: string;
  readonly vlan: string | undefined;
  readonly gatewaydev: string | undefined;
  /** Bytes and microseconds. */
  readonly rate: string | undefined;
  /** As the guest is told. */
  readonly mtu: string | undefined;
  /** Who in dom0 serves it; undefined: nobody yet, or another domain does. */
  readonly server: 'xtl' | 'Linux' | undefined;
}

function serverOf({ backend, backState = 'Initialising' }: DeviceView, server?: string) {
  if (isOurVif(server)) return 'xtl';
  return backend === DOM0 && backState !== 'Initialising' ? 'Linux' : undefined;
}

/** One vif by its number. ENOENT: the domain has none of it. */
export async function readVifView(
  nodes: Nodes,
  domid: Domid,
  devid: number,
): Promise<Result<VifView>> {
  const view = await readDeviceView(nodes, 'vif', domid, devid);
  if (!view.ok) return view;
  const { backKind: _, ...known } = view.value;
  const { kept, front, back } = known.paths;
  const found = await readTexts(nodes, {
    ...{ mac: `${kept}/mac`, bridge: `${kept}/bridge`, ip: `${kept}/ip`, rate: `${kept}/rate` },
    ...{ script: `${kept}/script`, vifname: `${kept}/vifname`, vlan: `${kept}/vlan` },
    ...{ gatewaydev: `${kept}/gatewaydev`, mtu: `${front}/mtu` },
    ...{ server: `${kept}/${VIF_SERVER_NODE}`, failure: `${back}/hotplug-error` },
  });
  if (!found.ok) return found;
  const { mac, bridge, ip, script, vifname, vlan, gatewaydev, rate, mtu } = found.value;
  return ok({
    ...{ ...known, mac, bridge, ip, script, vifname, vlan, gatewaydev, rate, mtu },
    interfaceName: vifname ?? vifName(domid, devid),
    server: serverOf(known, found.value.server),
    error: known.error ?? found.value.failure,
  });
}

/** All of a domain, by their numbers. */
export function listVifs(nodes: Nodes, domid: Domid): Promise<Result<readonly VifView[]>> {
  return listDevices(nodes, 'vif', domid, readVifView);
}
