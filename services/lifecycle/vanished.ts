/**
 * Driver domains that are gone without a word: ended by another toolstack, or by a crash that
 * nobody has seen. Guests wait for them, so that they come again under their numbers, unless xtl
 * has ended them.
 */

import type { Domid } from '../../shared/core/ids.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import { forgetDriver, readDrivers, type VmRecord } from '../../shared/domain/build/index.ts';
import { startStopwatch } from '../../shared/telemetry/stopwatch.ts';
import { type LifecycleHost, restart } from './vm-end.ts';

interface Vanished {
  readonly domid: Domid;
  readonly record: VmRecord;
}

/** Those of which there is no domain, or one that dies. */
export async function vanishedDrivers(host: LifecycleHost): Promise<Result<readonly Vanished[]>> {
  const drivers = await readDrivers(host.xenstore);
  if (!drivers.ok) return drivers;
  return ok(
    drivers.value.flatMap(({ domid, record }) => {
      const info = host.domainControl.getInfo(domid);
      const isGone = info.ok ? info.value.dying : info.error.errno === 'ESRCH';
      // Of a record that cannot be read nothing can be made.
      return isGone && record.ok ? [{ domid, record: record.value }] : [];
    }),
  );
}

export async function comeAgain(
  host: LifecycleHost,
  domid: Domid,
  record: VmRecord,
): Promise<void> {
  host.log(`domain ${domid} (${record.name}): gone without a word, and comes again`);
  const times = startStopwatch(host.clock);
  const isBack = await restart(host, record, { asNew: false, again: domid, times });
  if (!isBack) await forgetDriver(host.xenstore, domid);
}
