/** Hypercalls to a hypervisor of the test's own: for what no machine does on demand. */

import { xenDomctl, xenDomctlGetdomaininfo } from '../../abi/domctl.ts';
import { xenSysctl } from '../../abi/sysctl.ts';
import { __HYPERVISOR_sysctl, __HYPERVISOR_xen_version } from '../../abi/xen.ts';
import { ERRNO, type Errno } from '../../core/errno.ts';
import { decode, encode } from '../../core/layout.ts';
import { fail, type Result } from '../../core/result.ts';
import type { DomainControl } from '../domain-control.ts';
import { PAGE_SIZE } from '../region.ts';
import { domainControl } from './domain-control.ts';
import type { Hypercalls } from './hypercalls.ts';

const ADDRESS = 0x7f00_0000_0000;
const DATA_BYTES = 16 * PAGE_SIZE;

/** Answers a hypercall: its result, or the errno that it fails with. */
export type Answer = (op: number, cmd: number | undefined, args: Uint8Array) => number | Errno;

export function fakeHypercalls(answer: Answer): Hypercalls {
  const args = new Uint8Array(PAGE_SIZE);
  const call = (op: number, cmd: number | undefined): number => {
    const result = answer(op, cmd, args);
    return typeof result === 'number' ? result : -ERRNO[result];
  };
  return {
    args,
    argsAddress: ADDRESS,
    data: new Uint8Array(DATA_BYTES),
    dataAddress: ADDRESS + PAGE_SIZE,
    call1: (op) => call(op, undefined),
    call2: (op, cmd) => call(op, cmd),
    lendPages: () => fail('ENOMEM', 'no more pages'),
  };
}

/** Answers XEN_DOMCTL_getdomaininfo. */
export function answerInfo(args: Uint8Array, domain: number, values: object = {}): number {
  encode(xenDomctlGetdomaininfo, args, xenDomctl.fields.u.at, { domain, ...values });
  return 0;
}

/** A result's errno, or `ok`. */
export function errno(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.error.errno;
}

export type Domctl = (cmd: number, args: Uint8Array, domain: number) => number | Errno;

/** A hypervisor of one domctl version, and one sysctl version. */
export function speaking(version: number, domctl: Domctl, sysctl = 0x15): DomainControl {
  return domainControl(
    fakeHypercalls((op, _, args) => {
      if (op === __HYPERVISOR_xen_version) return 0x4_0011;
      if (op === __HYPERVISOR_sysctl) {
        return decode(xenSysctl, args).interfaceVersion === sysctl ? 0 : 'EACCES';
      }
      const head = decode(xenDomctl, args);
      if (head.interfaceVersion !== version) return 'EACCES';
      return domctl(head.cmd, args, head.domain);
    }),
  );
}
