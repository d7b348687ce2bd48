/**
 * What a xenstored that was started anew has forgotten of domains that run, made again as far as
 * hypervisor and files know it. What nobody knows any more are the watches of the guests and of
 * dom0's kernel, and devices.
 */

import * as param from '../../abi/hvm-params.ts';
import { DOM0, port } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { DomainInfo } from '../../platform/domain-control.ts';
import type { BuildHost } from './host.ts';
import { listDomains } from './list.ts';
import { domainPath } from './nodes.ts';
import { parseRecord } from './record.ts';
import { announce, makeNodes, serviceDomid } from './store.ts';
import { recallDomain } from './userdata.ts';
import { formatUuid } from './uuid.ts';

type StoreView = Pick<BuildHost, 'domainControl' | 'xenstore'>;

/** Domains that have run, and of which xenstore has no name; dom0 among them. */
export async function forgottenDomains(host: StoreView): Promise<Result<readonly DomainInfo[]>> {
  const all = listDomains(host.domainControl);
  if (!all.ok) return all;
  const forgotten: DomainInfo[] = [];
  for (const info of all.value) {
    // Who never ran is being built, or was left by a builder.
    if (info.dying || info.xsDomain || info.cpuTimeNs === 0n) continue;
    const name = await host.xenstore.exists(`${domainPath(info.domid)}/name`);
    if (!name.ok) return name;
    if (!name.value) forgotten.push(info);
  }
  return ok(forgotten);
}

/** Makes the nodes of a forgotten domain again, and introduces it unless the store found it. */
export function restoreDomain(host: BuildHost, info: DomainInfo): Promise<Result<void>> {
  return info.domid === DOM0 ? restoreDom0(host) : restoreGuest(host, info);
}

/** As xen-init-dom0 does (tools/helpers/xen-init-dom0.c @ RELEASE-4.17.0). */
function restoreDom0({ xenstore }: BuildHost): Promise<Result<void>> {
  return xenstore.writeAll([
    { path: `${domainPath(DOM0)}/domid`, value: '0' },
    { path: `${domainPath(DOM0)}/name`, value: 'Domain-0' },
    { path: '/local/pool/0/name', value: 'Pool-0' },
  ]);
}

async function restoreGuest(host: BuildHost, info: DomainInfo): Promise<Result<void>> {
  const { xenstore } = host;
  const { domid } = info;
  const uuid = formatUuid(info.uuid);
  const known = await recallDomain(host.files, { domid, uuid });
  if (!known.ok) return known;
  const rings = ringsOf(host, info);
  if (!rings.ok) return rings;
  const console = await serviceDomid(xenstore, '/tool/xenconsoled/domid');
  if (!console.ok) return console;
  const { record = '' } = known.value;
  const parsed = parseRecord(record);
  const isDriverDomain = parsed.ok && parsed.value.isDriverDomain === true;
  const named = { domid, uuid, ...known.value, isDriverDomain };
  const announced = await announce(host, named, console.value);
  if (!announced.ok) return announced;
  const made = await makeNodes(xenstore, {
    ...{ domid, uuid, consoleDomid: console.value, memoryKib: known.value.memoryKib },
    ...{ vcpus: info.onlineVcpus, maxvcpus: info.maxVcpuId + 1 },
    ...rings.value,
    // Nobody knows since when it runs.
    startedAtMs: host.clock.wallMs(),
  });
  if (!made.ok) return made;
  const introduced = await xenstore.isDomainIntroduced(domid);
  if (!introduced.ok || introduced.value) return introduced.ok ? ok() : introduced;
  return xenstore.introduce(domid, rings.value.storeGfn, rings.value.storePort);
}

const RINGS = {
  storeGfn: param.HVM_PARAM_STORE_PFN,
  storePort: param.HVM_PARAM_STORE_EVTCHN,
  consoleGfn: param.HVM_PARAM_CONSOLE_PFN,
  consolePort: param.HVM_PARAM_CONSOLE_EVTCHN,
};

function ringsOf({ domainControl }: BuildHost, { domid }: DomainInfo) {
  const read = (index: number): Result<number> => {
    const value = domainControl.getHvmParam(domid, index);
    if (!value.ok) return value;
    if (value.value > 0n && value.value <= 0xffffffffn) return ok(Number(value.value));
    return fail('EPROTO', `domain ${domid} has no rings`);
  };
  const [storeGfn, storePort] = [read(RINGS.storeGfn), read(RINGS.storePort)];
  const [consoleGfn, consolePort] = [read(RINGS.consoleGfn), read(RINGS.consolePort)];
  if (!storeGfn.ok) return storeGfn;
  if (!storePort.ok) return storePort;
  if (!consoleGfn.ok) return consoleGfn;
  if (!consolePort.ok) return consolePort;
  return ok({
    ...{ storeGfn: storeGfn.value, storePort: port(storePort.value) },
    ...{ consoleGfn: consoleGfn.value, consolePort: port(consolePort.value) },
  });
}
