/** What the manifest asks of the hypervisor, tried before the service starts. */

import { DOM0 } from '../../core/ids.ts';
import type { Failure, Result } from '../../core/result.ts';
import type { DomainControl } from '../domain-control.ts';
import type { Kernel } from './kernel.ts';
import { shutdown } from './shutdown.ts';

/** A harmless call that needs the privilege. */
type Probe = (control: DomainControl) => Result<unknown>;

const PROBES: Readonly<Record<string, Probe>> = {
  /** To know of other domains: a xenstore domain may, and who controls the host. */
  'domain-info': (control) => control.getInfo(DOM0),
  /** To create and destroy domains. */
  control: (control) => control.physInfo(),
};

/** The first privilege of the list that the domain lacks, and why; undefined if it has all. */
export function lacking(
  control: DomainControl,
  privileges: readonly string[],
): { readonly name: string; readonly error: Failure } | undefined {
  for (const name of privileges) {
    const probe = PROBES[name];
    if (!probe) return { name, error: { errno: 'ENOSYS', what: 'this kernel knows no such one' } };
    const result = probe(control);
    if (!result.ok) return { name, error: result.error };
  }
  return undefined;
}

/** Ends the domain, with the privilege's name on the console, if it lacks one of its manifest. */
export function requirePrivileges(kernel: Kernel, control: DomainControl): void {
  const { privileges = [] }: { privileges?: readonly string[] } = JSON.parse(kernel.manifest);
  const missing = lacking(control, privileges);
  if (!missing) return;
  const { name, error } = missing;
  kernel.print(`${kernel.service}: lacks the privilege ${name}: ${error.errno} ${error.what}`);
  shutdown(kernel, 'crash');
}
