/** What the manifest asks of the hypervisor, tried before the service starts. */

import { VIRQ_DOM_EXC } from '../../abi/xen.ts';
import { DOM0, gref } from '../../core/ids.ts';
import { type Failure, ok, type Result } from '../../core/result.ts';
import type { Platform } from '../platform.ts';
import type { Kernel } from './kernel.ts';
import { shutdown } from './shutdown.ts';

type Ports = Pick<Platform, 'domainControl' | 'events' | 'grants'>;

/** A harmless call that needs the privilege. */
type Probe = (ports: Ports) => Result<unknown>;

/**
 * Nobody grants this reference: Xen says so only after it has found room to note the mapping
 * (gnttab_map_grant_ref @ RELEASE-4.17.0).
 */
const NO_GREF = gref(0xffffffff);

const PROBES: Readonly<Record<string, Probe>> = {
  /** To know of other domains: a xenstore domain may, and who controls the host. */
  getdomaininfo: ({ domainControl }) => domainControl.getInfo(DOM0),
  /** To create and destroy domains. */
  control: ({ domainControl }) => domainControl.physInfo(),
  /** To hear of domains that end. Who made this domain must also name it as the one who does. */
  'virq-dom-exc': ({ events }) => {
    const bound = events.bindVirq(VIRQ_DOM_EXC);
    if (bound.ok) events.close(bound.value);
    return bound;
  },
  /** To map what other domains grant. */
  'map-grants': ({ grants }) => {
    const mapped = grants.map(DOM0, [NO_GREF], 'ro');
    return mapped.ok || mapped.error.errno === 'EINVAL' ? ok() : mapped;
  },
};

/** The first privilege of the list that the domain lacks, and why; undefined if it has all. */
export function lacking(
  ports: Ports,
  privileges: readonly string[],
): { readonly name: string; readonly error: Failure } | undefined {
  for (const name of privileges) {
    const probe = PROBES[name];
    if (!probe) return { name, error: { errno: 'ENOSYS', what: 'this kernel knows no such one' } };
    const result = probe(ports);
    if (!result.ok) return { name, error: result.error };
  }
  return undefined;
}

/** Ends the domain, with the privilege's name on the console, if it lacks one of its manifest. */
export function requirePrivileges(kernel: Kernel, ports: Ports): void {
  const { privileges = [] }: { privileges?: readonly string[] } = JSON.parse(kernel.manifest);
  const missing = lacking(ports, privileges);
  if (!missing) return;
  const { name, error } = missing;
  kernel.print(`${kernel.service}: lacks the privilege ${name}: ${error.errno} ${error.what}`);
  shutdown(kernel, 'crash');
}
