/** What to do about a domain that has shut down: a pure decision from its record. */

import type { VmRecord } from '../../shared/domain/build/index.ts';
import type { ShutdownAction } from '../../shared/domain/spec/vm-spec.ts';
import type { DomainInfo, ShutdownReason } from '../../shared/platform/domain-control.ts';

/**
 * - `destroy`: end it
 * - `restart`: end it and start the VM again
 * - `rename-restart`: keep it under another name and start the VM again, with a new uuid
 * - `preserve`: leave it for somebody to look at
 */
export type Deed = 'destroy' | 'restart' | 'rename-restart' | 'preserve';

export interface Decision {
  readonly deed: Deed;
  /** For the log: `reboot: restart`. */
  readonly why: string;
}

/** Undefined while the domain runs, sleeps or dies anyway. */
export function decide(info: DomainInfo, record: VmRecord): Decision | undefined {
  if (info.shutdown === undefined || info.dying || info.shutdown === 'suspend') return undefined;
  const action = actionFor(info.shutdown, record);
  return { deed: DEEDS[action], why: `${reasonText(info.shutdown)}: ${action}` };
}

function actionFor(
  reason: ShutdownReason | { readonly code: number },
  record: VmRecord,
): ShutdownAction {
  if (reason === 'poweroff') return record.onPoweroff;
  if (reason === 'reboot') return record.onReboot;
  if (reason === 'watchdog') return record.onWatchdog;
  if (reason === 'soft_reset') return record.onSoftReset;
  // As xl does: a reason without a name is a crash.
  return record.onCrash;
}

/**
 * Cores are not dumped and nothing is reset in place: those actions do the rest of what they say.
 */
const DEEDS: Readonly<Record<ShutdownAction, Deed>> = {
  destroy: 'destroy',
  restart: 'restart',
  'rename-restart': 'rename-restart',
  preserve: 'preserve',
  'coredump-destroy': 'destroy',
  'coredump-restart': 'restart',
  'soft-reset': 'restart',
};

function reasonText(reason: ShutdownReason | { readonly code: number }): string {
  return typeof reason === 'string' ? reason : `shutdown code ${reason.code}`;
}
