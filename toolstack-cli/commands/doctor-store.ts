/**
 * What `xtl doctor` says of xenstore: whose it is, where it runs, what it has lost, and what helps.
 */

import type { Failure, Result } from '../../shared/core/result.ts';
import type { DomainInfo } from '../../shared/platform/domain-control.ts';
import { bad, type Check, ok, warn } from './doctor-check.ts';

export interface StoreProbes {
  /** Whether a process of that name runs. */
  process(name: string): boolean;
  /** The domain that serves xenstore, where it is one. */
  storeDomain(): DomainInfo | undefined;
  /** What xenstored says, if it answers. */
  xenstore(): Promise<Result<StoreAnswer>>;
  /** Whether xenconsoled was there before the xenstored that runs. */
  consolesAreOlder(): boolean;
  /** Whether it is noted that the kernel of domain 0 lost its watches. */
  kernelLostWatches(): boolean;
}

export interface StoreAnswer {
  /** Whether it is xtl's. */
  readonly ours: boolean;
  /** Domains that run, and that it does not know. */
  readonly forgotten: readonly number[];
}

const RESTART = 'xtl xenstored restart';

const BOOT =
  'boot the host: the kernel of domain 0 turns to no other; what it said last is in ' +
  '/var/log/xen/console/guest-Xenstore.log';

export async function storeChecks(probes: StoreProbes): Promise<readonly Check[]> {
  const found = await probes.xenstore();
  if (!found.ok) return [silent(found.error, probes.storeDomain()), consoles(probes)];
  const { ours, forgotten } = found.value;
  return [
    ok('xenstored', `${whose(probes, ours)} answers`),
    ...(forgotten.length === 0 ? [] : [lost(forgotten)]),
    consoles(probes),
    ...(probes.kernelLostWatches() || probes.consolesAreOlder() ? [kernel()] : []),
  ];
}

function whose(probes: StoreProbes, ours: boolean): string {
  const domain = probes.storeDomain();
  if (domain !== undefined) {
    return `${ours ? "xtl's" : "Xen's own on Mini-OS"}, in domain ${domain.domid},`;
  }
  const language = probes.process('oxenstored') ? 'OCaml' : 'C';
  return `${ours ? "xtl's" : `Xen's own in ${language}`}, a process of domain 0,`;
}

function silent({ what }: Failure, domain: DomainInfo | undefined): Check {
  if (domain === undefined) return bad('xenstored', what, RESTART);
  const it = `domain ${domain.domid}, which serves xenstore,`;
  const { shutdown, paused } = domain;
  if (shutdown !== undefined) return bad('xenstored', `${it} has ended`, BOOT);
  return paused
    ? bad('xenstored', `${it} is paused`, RESTART)
    : bad('xenstored', `${it} does not answer`, BOOT);
}

function lost(domids: readonly number[]): Check {
  const which = `${domids.length === 1 ? 'domain' : 'domains'} ${domids.join(', ')}`;
  return warn('domains', `xenstored was started anew and has forgotten ${which}`, RESTART);
}

function consoles(probes: StoreProbes): Check {
  if (!probes.process('xenconsoled')) {
    const advice = 'systemctl start xenconsoled';
    return warn('xenconsoled', 'does not run: VMs have no console', advice);
  }
  if (!probes.consolesAreOlder()) return ok('xenconsoled', 'runs');
  const found = 'hears only of a xenstored that is gone: new VMs have no console, and wait for it';
  return warn('xenconsoled', found, RESTART);
}

function kernel(): Check {
  const found = 'lost its watches when xenstored was started anew: new disks and interfaces fail';
  return warn('kernel of domain 0', found, 'boot the host when VMs need new devices');
}
