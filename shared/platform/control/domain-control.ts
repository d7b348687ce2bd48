/** Domain control through hypercalls of our own: no libxenctrl, so any Xen that we know will do. */

import {
  XEN_DOMCTL_CDF_hap,
  XEN_DOMCTL_CDF_hvm,
  XEN_DOMCTL_CDF_xs_domain,
  XEN_DOMCTL_createdomain,
  XEN_DOMCTL_destroydomain,
  XEN_DOMCTL_max_mem,
  XEN_DOMCTL_max_vcpus,
  XEN_DOMCTL_pausedomain,
  XEN_DOMCTL_set_paging_mempool_size,
  XEN_DOMCTL_set_virq_handler,
  XEN_DOMCTL_setdomainhandle,
  XEN_DOMCTL_unpausedomain,
  XEN_X86_EMU_LAPIC,
  xenDomctlMaxMem,
  xenDomctlMaxVcpus,
  xenDomctlPagingMempool,
  xenDomctlSetdomainhandle,
  xenDomctlSetVirqHandler,
} from '../../abi/domctl.ts';
import { EVTCHNOP_alloc_unbound, evtchnAllocUnbound } from '../../abi/event-channel.ts';
import {
  XEN_CAPABILITIES_INFO_LEN,
  XEN_EXTRAVERSION_LEN,
  XENVER_capabilities,
  XENVER_extraversion,
} from '../../abi/version.ts';
import { __HYPERVISOR_event_channel_op, __HYPERVISOR_xen_version } from '../../abi/xen.ts';
import { errnoName } from '../../core/errno.ts';
import { type Domid, domid, type Port, port } from '../../core/ids.ts';
import { decode, encode } from '../../core/layout.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { fromLatin1 } from '../../core/text.ts';
import type { CreateDomain, DomainControl, XenVersion } from '../domain-control.ts';
import { type ControlOps, controlOps, outcome } from './control-ops.ts';
import { getInfo, listInfo, physInfo, uniqueId } from './domain-info.ts';
import { populate, setMemoryMap } from './domain-memory.ts';
import { getHvmContext, getHvmParam, setHvmContext, setHvmParam } from './hvm.ts';
import type { Hypercalls } from './hypercalls.ts';

/** Grant tables of version 2 are for frames beyond 16 TiB and for grants of parts of pages. */
const GRANT_VERSION = 1;

function version(hypercalls: Hypercalls, ops: ControlOps): Result<XenVersion> {
  const domctl = ops.domctlInterface();
  if (!domctl.ok) return domctl;
  const sysctl = ops.sysctlInterface();
  if (!sysctl.ok) return sysctl;
  const { args, argsAddress, call2 } = hypercalls;
  const text = (what: number, size: number): string => {
    args.fill(0, 0, size);
    call2(__HYPERVISOR_xen_version, what, argsAddress);
    const end = args.subarray(0, size).indexOf(0);
    return fromLatin1(args.slice(0, end === -1 ? size : end)).trim();
  };
  return ok({
    ...ops.xenVersion(),
    extra: text(XENVER_extraversion, XEN_EXTRAVERSION_LEN),
    capabilities: text(XENVER_capabilities, XEN_CAPABILITIES_INFO_LEN),
    domctl: domctl.value.version,
    sysctl: sysctl.value.version,
  });
}

function createDomain(ops: ControlOps, config: CreateDomain): Result<Domid> {
  const spoken = ops.domctlInterface();
  if (!spoken.ok) return spoken;
  const optional =
    (config.hap ? XEN_DOMCTL_CDF_hap : 0) | (config.xenstore ? XEN_DOMCTL_CDF_xs_domain : 0);
  const values = {
    handle: config.uuid,
    flags: XEN_DOMCTL_CDF_hvm | optional,
    maxVcpus: config.maxVcpus,
    maxEvtchnPort: config.maxEvtchnPort,
    maxGrantFrames: config.maxGrantFrames,
    maxMaptrackFrames: config.maxMaptrackFrames,
    grantOpts: GRANT_VERSION,
    emulationFlags: XEN_X86_EMU_LAPIC,
  };
  const call = { cmd: XEN_DOMCTL_createdomain, what: 'cannot create a domain', values };
  const { createdomain, anyDomid } = spoken.value;
  const created = ops.domctl({ ...call, layout: createdomain }, config.domid ?? anyDomid);
  return created.ok ? ok(domid(ops.domctlDomain())) : created;
}

/**
 * Xen continues the call itself until all is freed; should it hand back EAGAIN or ERESTART, it is
 * called again as long as the domain keeps losing pages.
 */
function destroyDomain(ops: ControlOps, of: Domid): Result<void> {
  let left = Number.POSITIVE_INFINITY;
  for (;;) {
    const call = { cmd: XEN_DOMCTL_destroydomain, what: `cannot destroy domain ${of}` };
    const result = ops.domctl(call, of);
    if (result.ok) return result;
    const { errno } = result.error;
    if (errno !== 'EAGAIN' && errno !== 'ERESTART') return result;
    const info = getInfo(ops, of);
    if (!info.ok) return info.error.errno === 'ESRCH' ? ok() : info;
    if (info.value.totalPages >= left) return result;
    left = info.value.totalPages;
  }
}

function allocUnbound(
  { args, argsAddress, call2 }: Hypercalls,
  dom: Domid,
  remoteDom: Domid,
): Result<Port> {
  encode(evtchnAllocUnbound, args, 0, { dom, remoteDom, port: 0 });
  const result = call2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, argsAddress);
  const done = outcome(result, `cannot allocate an event channel of domain ${dom}`);
  return done.ok ? ok(port(decode(evtchnAllocUnbound, args).port)) : done;
}

function populatePhysmap(
  hypercalls: Hypercalls,
  ops: ControlOps,
  of: Domid,
  gfns: readonly number[],
  order: number,
): Result<number> {
  const done = populate(hypercalls, of, gfns, order);
  if (done < 0) return fail(errnoName(done), `cannot populate the memory of domain ${of}`);
  if (done > 0 || gfns.length === 0) return ok(done);
  // Xen answers 0 for a domain that is not there, as for one that it has no memory for.
  const info = getInfo(ops, of);
  return info.ok ? ok(0) : info;
}

/** A simple domctl of one domain. */
function plain(ops: ControlOps, cmd: number, verb: string): (of: Domid) => Result<void> {
  return (of) => ops.domctl({ cmd, what: `cannot ${verb} domain ${of}` }, of);
}

export function domainControl(hypercalls: Hypercalls): DomainControl {
  const ops = controlOps(hypercalls);
  return {
    version: () => version(hypercalls, ops),
    physInfo: () => physInfo(ops),
    createDomain: (config) => createDomain(ops, config),
    setUuid: (of, uuid) => {
      const what = `cannot set the uuid of domain ${of}`;
      const values = { handle: uuid };
      const layout = xenDomctlSetdomainhandle;
      return ops.domctl({ cmd: XEN_DOMCTL_setdomainhandle, what, layout, values }, of);
    },
    destroyDomain: (of) => destroyDomain(ops, of),
    pause: plain(ops, XEN_DOMCTL_pausedomain, 'pause'),
    unpause: plain(ops, XEN_DOMCTL_unpausedomain, 'unpause'),
    maxVcpus: (of, max) => {
      const what = `cannot give domain ${of} ${max} vCPUs`;
      const call = { cmd: XEN_DOMCTL_max_vcpus, what, layout: xenDomctlMaxVcpus, values: { max } };
      return ops.domctl(call, of);
    },
    setMaxMem: (of, kib) => {
      const what = `cannot set the memory limit of domain ${of} to ${kib} KiB`;
      const values = { maxMemkb: BigInt(kib) };
      const call = { cmd: XEN_DOMCTL_max_mem, what, layout: xenDomctlMaxMem, values };
      return ops.domctl(call, of);
    },
    setPagingMempool: (of, bytes) => {
      const cmd = XEN_DOMCTL_set_paging_mempool_size;
      const what = `cannot give domain ${of} ${bytes} bytes for paging structures`;
      const values = { size: BigInt(bytes) };
      return ops.domctl({ cmd, what, layout: xenDomctlPagingMempool, values }, of);
    },
    getInfo: (of) => getInfo(ops, of),
    uniqueId: (of) => uniqueId(ops, of),
    listInfo: (first, max) => listInfo(ops, hypercalls, first, max),
    populatePhysmap: (of, gfns, order) => populatePhysmap(hypercalls, ops, of, gfns, order),
    setMemoryMap: (of, map) => setMemoryMap(hypercalls, of, map),
    setHvmParam: (of, index, value) => setHvmParam(hypercalls, of, index, value),
    getHvmParam: (of, index) => getHvmParam(hypercalls, of, index),
    getHvmContext: (of) => getHvmContext(ops, hypercalls, of),
    setHvmContext: (of, records) => setHvmContext(ops, hypercalls, of, records),
    allocUnbound: (of, remote) => allocUnbound(hypercalls, of, remote),
    setVirqHandler: (of, virq) => {
      const what = `cannot make domain ${of} the handler of virq ${virq}`;
      const layout = xenDomctlSetVirqHandler;
      const call = { cmd: XEN_DOMCTL_set_virq_handler, what, layout, values: { virq } };
      return ops.domctl(call, of);
    },
  };
}
