/** What an HVM container has beside memory: parameters and the saved state of its devices. */

import {
  XEN_DOMCTL_gethvmcontext,
  XEN_DOMCTL_sethvmcontext,
  xenDomctlHvmcontext,
} from '../../abi/domctl.ts';
import { HVMOP_get_param, HVMOP_set_param, xenHvmParam } from '../../abi/hvm-params.ts';
import { __HYPERVISOR_hvm_op } from '../../abi/xen.ts';
import type { Domid } from '../../core/ids.ts';
import { decode, encode } from '../../core/layout.ts';
import { ok, type Result } from '../../core/result.ts';
import { PAGE_SIZE } from '../region.ts';
import { type ControlOps, outcome } from './control-ops.ts';
import type { Hypercalls } from './hypercalls.ts';

function param(
  { args, argsAddress, call2 }: Hypercalls,
  op: number,
  domid: Domid,
  index: number,
  value: bigint,
): number {
  encode(xenHvmParam, args, 0, { domid, pad: 0, index, value });
  return call2(__HYPERVISOR_hvm_op, op, argsAddress);
}

export function setHvmParam(
  hypercalls: Hypercalls,
  domid: Domid,
  index: number,
  value: bigint,
): Result<void> {
  const result = param(hypercalls, HVMOP_set_param, domid, index, value);
  return outcome(result, `cannot set HVM parameter ${index} of domain ${domid}`);
}

export function getHvmParam(hypercalls: Hypercalls, domid: Domid, index: number): Result<bigint> {
  const result = param(hypercalls, HVMOP_get_param, domid, index, 0n);
  const done = outcome(result, `cannot get HVM parameter ${index} of domain ${domid}`);
  return done.ok ? ok(decode(xenHvmParam, hypercalls.args).value) : done;
}

/** Lends a buffer to the hypervisor: the context of many vCPUs outgrows the usual one. */
function withBuffer<T>(
  { data, dataAddress, lendPages }: Hypercalls,
  size: number,
  use: (bytes: Uint8Array, address: number) => Result<T>,
): Result<T> {
  if (size <= data.length) return use(data, dataAddress);
  const lent = lendPages(Math.ceil(size / PAGE_SIZE));
  if (!lent.ok) return lent;
  try {
    return use(lent.value.bytes, lent.value.address);
  } finally {
    lent.value.giveBack();
  }
}

export function getHvmContext(
  ops: ControlOps,
  hypercalls: Hypercalls,
  domid: Domid,
): Result<Uint8Array> {
  const call = {
    cmd: XEN_DOMCTL_gethvmcontext,
    what: `cannot get the HVM context of domain ${domid}`,
    layout: xenDomctlHvmcontext,
  };
  const asked = ops.domctl({ ...call, values: { size: 0, buffer: 0n } }, domid);
  if (!asked.ok) return asked;
  const { size } = ops.domctlOutcome(xenDomctlHvmcontext);
  return withBuffer(hypercalls, size, (bytes, address) => {
    const got = ops.domctl({ ...call, values: { size, buffer: BigInt(address) } }, domid);
    if (!got.ok) return got;
    return ok(bytes.slice(0, ops.domctlOutcome(xenDomctlHvmcontext).size));
  });
}

export function setHvmContext(
  ops: ControlOps,
  hypercalls: Hypercalls,
  domid: Domid,
  records: Uint8Array,
): Result<void> {
  return withBuffer(hypercalls, records.length, (bytes, address) => {
    bytes.set(records);
    const call = {
      cmd: XEN_DOMCTL_sethvmcontext,
      what: `cannot set the HVM context of domain ${domid}`,
      layout: xenDomctlHvmcontext,
      values: { size: records.length, buffer: BigInt(address) },
    };
    return ops.domctl(call, domid);
  });
}
