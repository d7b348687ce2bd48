/** The plan that gives a domain that runs another vif, a domain of ours or of xl's. */

import type { Domid } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { type UnnumberedVif, withDevid } from '../spec/read-vifs.ts';
import { attachSteps } from './device-attach.ts';
import { isKept } from './device-config.ts';
import { devicePaths } from './device-nodes.ts';
import type { DeviceState } from './device-plan.ts';
import type { BuildHost } from './host.ts';
import { LIBXL_NICS } from './libxl-devices.ts';
import type { Plan } from './plan.ts';
import type { KeptDomain } from './userdata.ts';
import { withoutVif, withVif } from './vif-config.ts';
import { listVifs, readVifView, type VifView } from './vif-list.ts';
import { type NamedVif, withMac } from './vif-mac.ts';
import { nameOf, vifNodes } from './vif-nodes.ts';
import { connectVif, disconnectVif, hookedVif } from './vif-script.ts';

export interface VifAttachOptions {
  /** Who serves it: what findBackend says of it. */
  readonly backend: Domid;
  /** How long the guest may take. */
  readonly timeoutMs: number;
}

/** Whether the nodes that there are say the same of it. */
function isTheSame(view: VifView, vif: NamedVif, of: KeptDomain, backend: Domid): boolean {
  const { kept } = view.paths;
  const said = new Map(vifNodes(of.domid, vif, backend).map(({ path, value }) => [path, value]));
  const keys = ['mac', 'bridge', 'ip', 'script', 'vifname', 'vlan', 'gatewaydev', 'rate'] as const;
  return view.backend === backend && keys.every((key) => view[key] === said.get(`${kept}/${key}`));
}

/**
 * Gives a vif its number and address: those of one like it that a plan has left half done, or the
 * lowest number that is free.
 */
export async function numberVif(
  host: BuildHost,
  of: KeptDomain,
  vif: UnnumberedVif,
  backend: Domid,
): Promise<Result<NamedVif>> {
  const views = await listVifs(host.xenstore, of.domid);
  if (!views.ok) return views;
  for (const view of views.value) {
    const { device } = view;
    const same = withMac({ ...vif, devid: device }, of.uuid);
    if ((vif.devid ?? device) !== device || !isTheSame(view, same, of, backend)) continue;
    const kept = await isKept(host, of, { list: LIBXL_NICS, device });
    if (!kept.ok) return kept;
    if (kept.value === false) return ok(same);
  }
  const taken = new Set(views.value.map(({ device }) => device));
  return ok(withMac(withDevid(vif, taken), of.uuid));
}

export function planAttachVif(
  of: KeptDomain,
  vif: NamedVif,
  { backend, timeoutMs }: VifAttachOptions,
): Plan<DeviceState<VifView>> {
  const { devid } = vif;
  const name = nameOf(devid);
  const paths = devicePaths('vif', of.domid, devid, backend);
  const [hooked] = hookedVif(of.domid, paths.back);
  const coming = {
    ...({ kind: 'vif', name, checked: '', what: name, backend, paths } as const),
    nodes: vifNodes(of.domid, vif, backend),
    ...{ kept: withVif(vif), undone: withoutVif(devid) },
    read: (nodes: Nodes) => readVifView(nodes, of.domid, devid),
    isTheSame: (view: VifView) => isTheSame(view, vif, of, backend),
    behind: ({ mac = 'without an address' }: VifView) => mac,
    check: async () => ok(),
    ...(hooked !== undefined && {
      connect: (host: BuildHost) => connectVif(host, hooked),
      disconnect: (host: BuildHost) => disconnectVif(host, hooked),
    }),
    needs: 'does its kernel take network interfaces while it runs?',
  };
  return { name: `attach ${name}`, steps: attachSteps<VifView>(of, coming, timeoutMs) };
}
