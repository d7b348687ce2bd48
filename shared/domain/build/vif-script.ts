/**
 * The scripts that connect vifs of dom0's to a bridge, a route or whatever they are for
 * (get_hotplug_env and libxl__hotplug_nic in libxl_linux.c, vif-common.sh and xen-hotplug-common.sh
 * @ RELEASE-4.17.0). Those of a driver domain are the driver domain's.
 */

import { DOM0, type Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { vifName } from '../../xenbus/served-by.ts';
import { readBackendPath } from './devices.ts';
import type { BuildHost } from './host.ts';
import { readTexts } from './read-texts.ts';
import { nameOf } from './vif-nodes.ts';

/** libxl_internal.h @ RELEASE-4.17.0: LIBXL_HOTPLUG_TIMEOUT. */
const SCRIPT_TIMEOUT_MS = 40_000;

type Host = Pick<BuildHost, 'xenstore' | 'runScript'>;

export interface Hooked {
  readonly domid: Domid;
  readonly devid: number;
  /** The back end's directory, which is dom0's. */
  readonly back: string;
}

/** The vif behind a back end's path, if its script is dom0's. */
export function hookedVif(domid: Domid, back: string): readonly Hooked[] {
  const place = readBackendPath(back);
  const isHooked = place?.kind === 'vif' && place.backend === DOM0;
  return isHooked ? [{ domid, devid: place.device, back }] : [];
}

interface Ran {
  readonly script: string;
  readonly ended: Result<void>;
}

/** Runs the script that the back end's nodes name; undefined: none, or nobody to run it. */
async function run(
  { xenstore, runScript }: Host,
  { domid, devid, back }: Hooked,
  action: 'online' | 'offline',
): Promise<Result<Ran | undefined>> {
  const paths = { script: `${back}/script`, gatewaydev: `${back}/gatewaydev` };
  const found = await readTexts(xenstore, paths);
  if (!found.ok) return found;
  const { script, gatewaydev = '' } = found.value;
  if (script === undefined || runScript === undefined) return ok(undefined);
  const ended = await runScript({
    path: script,
    args: [action, 'type_if=vif'],
    env: {
      // The interface's name in dom0, of which the script may make another one.
      ...{ script, vif: vifName(domid, devid), netdev: gatewaydev },
      // As seen from dom0's own directory.
      ...{ XENBUS_PATH: `backend/vif/${domid}/${devid}`, XENBUS_BASE_PATH: 'backend' },
      XENBUS_TYPE: 'vif',
    },
    timeoutMs: SCRIPT_TIMEOUT_MS,
  });
  return ok({ script, ended });
}

/**
 * Has the script connect a vif. A failure tells which script of which vif, and why: in the script's
 * own words, if it has left any.
 */
export async function connectVif(host: Host, of: Hooked): Promise<Result<void>> {
  const ran = await run(host, of, 'online');
  if (!ran.ok || ran.value === undefined) return ran.ok ? ok() : ran;
  const { script, ended } = ran.value;
  const paths = { status: `${of.back}/hotplug-status`, error: `${of.back}/hotplug-error` };
  const said = await readTexts(host.xenstore, paths);
  if (!said.ok) return said;
  const { status, error } = said.value;
  if (ended.ok && status === 'connected') return ok();
  const how = ended.ok ? 'it has ended, and not said that the vif is connected' : ended.error.what;
  const errno = ended.ok ? 'EIO' : ended.error.errno;
  return fail(errno, `${nameOf(of.devid)}: the script ${script}: ${error ?? how}`);
}

/** Has the script take it back, as well as it can: as for libxl, its failure stops nothing. */
export async function disconnectVif(host: Host, of: Hooked): Promise<void> {
  await run(host, of, 'offline');
}
