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
import {
  SYSCTL_INTERFACES,
  type SysctlInterface,
  XEN_SYSCTL_physinfo,
  xenSysctl,
} from '../../abi/sysctl.ts';
import { XENVER_version } from '../../abi/version.ts';
import {
  __HYPERVISOR_domctl,
  __HYPERVISOR_sysctl,
  __HYPERVISOR_xen_version,
} from '../../abi/xen.ts';
import { errnoName } from '../../core/errno.ts';
import { decode, encode, type Fields, type Layout, type Values } from '../../core/layout.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Hypercalls } from './hypercalls.ts';

export interface ControlOps {
  /** Whoever asks is told. */
  readonly xenVersion: () => { readonly major: number; readonly minor: number };
  readonly domctlInterface: () => Result<DomctlInterface>;
  readonly sysctlInterface: () => Result<SysctlInterface>;
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
  /** A domctl of interface version 0, whichever the others are of: it never changes. */
  readonly stable?: boolean;
}

/** An interface of some version, and the newest Xen that speaks it. */
interface Spoken {
  readonly version: number;
  readonly xen: string;
}

/** `0x15 to 0x18, that of Xen 4.22`. */
function known(versions: readonly Spoken[]): string {
  const hex = (each: Spoken | undefined): string => `0x${each?.version.toString(16)}`;
  return `${hex(versions.at(-1))} to ${hex(versions[0])}, that of Xen ${versions[0]?.xen}`;
}

/** The first version that is not refused; one that is known may still not be permitted. */
function ask<V extends Spoken>(
  name: string,
  versions: readonly V[],
  xen: () => { readonly major: number; readonly minor: number },
  call: (version: number) => number,
): Result<V> {
  for (const each of versions) {
    const result = call(each.version);
    if (result >= 0) return ok(each);
    const errno = errnoName(result);
    if (errno === 'EPERM') return ok(each);
    if (errno !== 'EACCES') return fail(errno, `cannot ask Xen for its ${name} interface`);
  }
  const { major, minor } = xen();
  const what = `Xen ${major}.${minor} has a ${name} interface that is unknown here`;
  return fail('EACCES', `${what} (known are ${known(versions)})`);
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
  const { args, argsAddress, call1, call2 } = hypercalls;
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

  const xenVersion = () => {
    const both = call2(__HYPERVISOR_xen_version, XENVER_version, 0);
    return { major: both >>> 16, minor: both & 0xffff };
  };
  const domctlInterface = once(() =>
    ask('domctl', DOMCTL_INTERFACES, xenVersion, (version) => {
      args.fill(0, 0, xenDomctl.size);
      return runDomctl(XEN_DOMCTL_getdomaininfo, version, 0);
    }),
  );
  const sysctlInterface = once(() =>
    ask('sysctl', SYSCTL_INTERFACES, xenVersion, (version) => {
      args.fill(0, 0, xenSysctl.size);
      return runSysctl(XEN_SYSCTL_physinfo, version);
    }),
  );

  return {
    xenVersion,
    domctlInterface,
    sysctlInterface,
    domctl: ({ cmd, what, layout, values, stable = false }, domid) => {
      const spoken = domctlInterface();
      if (!spoken.ok) return spoken;
      args.fill(0, 0, xenDomctl.size);
      if (layout && values) encode(layout, args, DOMCTL_U, values);
      return outcome(runDomctl(cmd, stable ? 0 : spoken.value.version, domid), what);
    },
    domctlOutcome: (layout) => decode(layout, args, DOMCTL_U),
    domctlDomain: () => decode(xenDomctl, args).domain,
    sysctl: ({ cmd, what, layout, values }) => {
      const spoken = sysctlInterface();
      if (!spoken.ok) return spoken;
      args.fill(0, 0, xenSysctl.size);
      if (layout && values) encode(layout, args, SYSCTL_U, values);
      return outcome(runSysctl(cmd, spoken.value.version), what);
    },
    sysctlOutcome: (layout) => decode(layout, args, SYSCTL_U),
  };
}
