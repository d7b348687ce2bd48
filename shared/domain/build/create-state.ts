/** What the steps of creating a domain know before they start, and what they hand on. */

import { assert } from '../../core/assert.ts';
import type { Domid, Port } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import type { CreateDomain } from '../../platform/domain-control.ts';
import type { DomainImage } from '../image/index.ts';
import type { VmSpec } from '../spec/vm-spec.ts';
import type { DeviceKind } from './device-nodes.ts';
import type { BuildHost, DomainHost } from './host.ts';
import type { Step } from './plan.ts';
import type { Hooked } from './vif-script.ts';

/** All that is known before the first side effect; a dry run ends here. */
export interface Prepared {
  readonly spec: VmSpec;
  /** Lower case with dashes. */
  readonly uuid: string;
  readonly image: DomainImage;
  /** Left paused if set. */
  readonly paused: boolean;
  /** The number it had, and its back ends with it, which stay: a driver domain comes again. */
  readonly again?: Domid;
  /** What its tables in the hypervisor may hold, and whether it is xenstore's own domain. */
  readonly tables: Pick<
    CreateDomain,
    'maxEvtchnPort' | 'maxGrantFrames' | 'maxMaptrackFrames' | 'xenstore'
  >;
}

/** What the steps hand on that need no xenstore. */
export interface DomainState {
  readonly host: DomainHost;
  domid?: Domid;
  /** How long its number was somebody's who had died: such as is still mapped is not gone. */
  zombieMs?: number;
  /** The uuid of the domain until it is whole. */
  mark?: Uint8Array;
  storeDomid?: Domid;
  consoleDomid?: Domid;
  /** Hardware assisted paging, where the machine has it. */
  hap?: boolean;
  storePort?: Port;
  consolePort?: Port;
}

export interface CreateState extends DomainState {
  readonly host: BuildHost;
  /** Directories of the back ends that serve it. */
  backends?: Partial<Record<DeviceKind, readonly string[]>>;
  /** Vifs whose scripts were begun. */
  hooked?: readonly Hooked[];
}

export type CreateStep = Step<CreateState>;
export type DomainStep = Step<DomainState>;

export function newCreateState(host: BuildHost): CreateState {
  return { host };
}

export function id(state: DomainState): Domid {
  assert(state.domid !== undefined, 'the domain step ran');
  return state.domid;
}

/** Does one after the other up to the first failure. */
export function inOrder(...calls: readonly (() => Result<void>)[]): Result<void> {
  for (const call of calls) {
    const result = call();
    if (!result.ok) return result;
  }
  return ok();
}
