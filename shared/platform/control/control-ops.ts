/**
 * domctl and sysctl: both carry an interface version, and a hypervisor refuses every other one with
 * EACCES before it looks at anything else (do_domctl, do_sysctl @ RELEASE-4.17.0). So it is asked.
 */

import {
  DOMCTL_INTERFACES,
  type DomctlInterface,
  XEN_DOMCTL_getdomaininfo,
  xenDomctl,
} from '../../abi/domctl.ts';
import { SYSCTL_INTERFACES, XEN_SYSCTL_physinfo, xenSysctl } from '../../abi/sysctl.ts';
import { __HYPERVISOR_domctl, __HYPERVISOR_sysctl } from '../../abi/xen.ts';
import { errnoName } from '../../core/errno.ts';
import { decode, encode, type Fields, type Layout, type Values } from '../../core/layout.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Hypercalls } from './hypercalls.ts';

export interface ControlOps {
  readonly domctlInterface: () => Result<DomctlInterface>;
  readonly sysctlInterface: () => Result<number>;
  /** Runs one domctl; its struct is written first and read back by `domctlOutcome`. */
  domctl<F extends Fields>(call: ControlCall<F>, domid: number): Result<void>;
  domctlOutcome<F extends Fields>(layout: Layout<F>): Values<F>;
  /** The domain of the domctl just made, which some of them set. */
  domctlDomain(): number;
  sysctl<F extends Fields>(call: ControlCall<F>): Result<void>;
  sysctlOutcome<F extends Fields>(layout: Layout<F>): Values<F>;
}

export interface ControlCall<F extends Fields> {
  readonly cmd: number;
  /** What a failure says: `cannot pause domain 5`. */
  readonly what: string;
  readonly layout?: Layout<F>;
  readonly values?: Partial<Values<F>>;
}

function hex(version: number): string {
  return `0x${version.toString(16)}`;
}

/** The first version that is not refused; one that is known may still not be permitted. */
function ask<V>(
  name: string,
  versions: readonly V[],
  number: (version: V) => number,
  call: (version: number) => number,
): Result<V> {
  for (const version of versions) {
    const result = call(number(version));
    if (result >= 0) return ok(version);
    const errno = errnoName(result);
    if (errno === 'EPERM') return ok(version);
    if (errno !== 'EACCES') return fail(errno, `cannot ask Xen for its ${name} interface`);
  }
  const known = versions.map((version) => hex(number(version))).join(', ');
  return fail('EACCES', `Xen speaks an unknown ${name} interface (we know ${known})`);
}

/** Makes a value when first asked; a failure is tried again, a success kept. */
function once<T>(make: () => Result<T>): () => Result<T> {
  let kept: Result<T> | undefined;
  return () => {
    if (!kept?.ok) kept = make();
    return kept;
  };
}

/** The outcome of a hypercall that gives nothing else. */
export function outcome(result: number, what: string): Result<void> {
  return result < 0 ? fail(errnoName(result), what) : ok();
}

export function controlOps(hypercalls: Hypercalls): ControlOps {
  const { args, argsAddress, call1 } = hypercalls;
  const DOMCTL_U = xenDomctl.fields.u.at;
  const SYSCTL_U = xenSysctl.fields.u.at;

  const runDomctl = (cmd: number, interfaceVersion: number, domain: number): number => {
    encode(xenDomctl, args, 0, { cmd, interfaceVersion, domain });
    return call1(__HYPERVISOR_domctl, argsAddress);
  };
  const runSysctl = (cmd: number, interfaceVersion: number): number => {
    encode(xenSysctl, args, 0, { cmd, interfaceVersion });
    return call1(__HYPERVISOR_sysctl, argsAddress);
  };

  const domctlInterface = once(() =>
    ask(
      'domctl',
      DOMCTL_INTERFACES,
      (each) => each.version,
      (version) => {
        args.fill(0, 0, xenDomctl.size);
        return runDomctl(XEN_DOMCTL_getdomaininfo, version, 0);
      },
    ),
  );
  const sysctlInterface = once(() =>
    ask(
      'sysctl',
      SYSCTL_INTERFACES,
      (each): number => each,
      (version) => {
        args.fill(0, 0, xenSysctl.size);
        return runSysctl(XEN_SYSCTL_physinfo, version);
      },
    ),
  );

  return {
    domctlInterface,
    sysctlInterface,
    domctl: ({ cmd, what, layout, values }, domid) => {
      const spoken = domctlInterface();
      if (!spoken.ok) return spoken;
      args.fill(0, 0, xenDomctl.size);
      if (layout && values) encode(layout, args, DOMCTL_U, values);
      return outcome(runDomctl(cmd, spoken.value.version, domid), what);
    },
    domctlOutcome: (layout) => decode(layout, args, DOMCTL_U),
    domctlDomain: () => decode(xenDomctl, args).domain,
    sysctl: ({ cmd, what, layout, values }) => {
      const spoken = sysctlInterface();
      if (!spoken.ok) return spoken;
      args.fill(0, 0, xenSysctl.size);
      if (layout && values) encode(layout, args, SYSCTL_U, values);
      return outcome(runSysctl(cmd, spoken.value), what);
    },
    sysctlOutcome: (layout) => decode(layout, args, SYSCTL_U),
  };
}
