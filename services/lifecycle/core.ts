/** What to do about domains that have shut down: pure decisions from their records. */

import type { Domid } from '../../shared/core/ids.ts';
import type { ShutdownAction, VmSpec } from '../../shared/domain/spec/vm-spec.ts';
import type { DomainInfo, ShutdownReason } from '../../shared/platform/domain-control.ts';

/** A domain's record, as `xtl vm create` left it in xenstore. */
export interface DomainRecord {
  readonly domid: Domid;
  readonly spec: Omit<VmSpec, 'configText'>;
}

export type Deed =
  | { readonly kind: 'destroy'; readonly domid: Domid; readonly why: string }
  | { readonly kind: 'restart'; readonly domid: Domid; readonly why: string }
  | { readonly kind: 'preserve'; readonly domid: Domid; readonly why: string };

/** The deed for one domain; undefined while it runs, sleeps or dies anyway. */
export function decide(info: DomainInfo, record: DomainRecord): Deed | undefined {
  if (info.shutdown === undefined || info.dying || info.shutdown === 'suspend') return undefined;
  const action = actionFor(info.shutdown, record.spec);
  const why = `${reasonText(info.shutdown)}: ${action}`;
  return { kind: deedFor(action), domid: info.domid, why };
}

function actionFor(
  reason: ShutdownReason | { readonly code: number },
  spec: DomainRecord['spec'],
): ShutdownAction {
  if (reason === 'poweroff') return spec.onPoweroff;
  if (reason === 'reboot') return spec.onReboot;
  if (reason === 'watchdog') return spec.onWatchdog;
  if (reason === 'soft_reset') return spec.onSoftReset;
  // As xl: what the guest may mean by a reason without a name is a crash.
  return spec.onCrash;
}

/**
 * Cores are not dumped and nothing is reset in place: those actions do the rest of what they say, and
 * the configuration's reader warns of it.
 */
function deedFor(action: ShutdownAction): Deed['kind'] {
  if (action === 'preserve') return 'preserve';
  if (action === 'destroy' || action === 'coredump-destroy') return 'destroy';
  return 'restart';
}

function reasonText(reason: ShutdownReason | { readonly code: number }): string {
  return typeof reason === 'string' ? reason : `shutdown code ${reason.code}`;
}
