/** `xtl vm shutdown`: asks the guest by its control node, and waits for the end if told to. */

import type { Domid } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import { domainPath } from '../../shared/domain/build/index.ts';
import type { Context } from '../context.ts';
import { findDomain } from '../domains.ts';
import type { Host } from '../host.ts';
import { refuseIfNeeded } from '../needed.ts';
import { DONE, EXIT, failed, failure, type Outcome } from '../output/exit.ts';
import { readSeconds } from '../seconds.ts';
import type { Options } from '../table.ts';

export async function shutdown(
  context: Context,
  [word = '']: readonly string[],
  options: Options,
): Promise<Outcome> {
  const timeoutMs = readSeconds(options.timeout);
  if (!timeoutMs.ok) return failure(EXIT.usage, timeoutMs.error.what);
  const host = await context.host();
  if (!host.ok) return failed(host.error);
  const info = await findDomain(host.value, word);
  if (!info.ok) return failed(info.error);
  const { domid, dying, paused, shutdown: reason } = info.value;
  if (dying || reason !== undefined) return DONE;
  const refused = await refuseIfNeeded(host.value, info.value, 'shut down', options.force === true);
  if (refused !== undefined) return refused;
  if (paused) return failure(EXIT.wrongState, `cannot shut down '${word}': it is paused`);
  const control = `${domainPath(domid)}/control`;
  const feature = await host.value.xenstore.readString(`${control}/feature-poweroff`);
  // The guest says so itself; an empty node is one that has not said anything (xenstore-paths).
  if (feature.ok && feature.value === '0') {
    return failure(EXIT.wrongState, `'${word}' does not listen to requests to power off`);
  }
  const asked = await host.value.xenstore.write(`${control}/shutdown`, 'poweroff');
  if (!asked.ok) return failed(asked.error);
  if (options.wait !== true && timeoutMs.value === undefined) return DONE;
  const ended = await waitForEnd(host.value, domid, timeoutMs.value);
  return ended.ok ? DONE : failed(ended.error, `'${word}' was asked to power off: `);
}

/** Until the domain has shut down or is gone. ETIMEDOUT. */
async function waitForEnd(
  host: Host,
  domid: Domid,
  timeoutMs: number | undefined,
): Promise<Result<void>> {
  const watch = await host.xenstore.watch('@releaseDomain');
  if (!watch.ok) return watch;
  let late = false;
  const cancel =
    timeoutMs === undefined
      ? () => {}
      : host.clock.after(timeoutMs, () => {
          late = true;
          void watch.value.return();
        });
  try {
    // The watch fires once at once, so a domain that ended meanwhile is not missed.
    for await (const _ of watch.value) {
      const info = host.domainControl.getInfo(domid);
      if (!info.ok) return info.error.errno === 'ESRCH' ? ok() : info;
      if (info.value.dying || info.value.shutdown !== undefined) return ok();
    }
  } finally {
    cancel();
  }
  if (late) return fail('ETIMEDOUT', `it still runs after ${(timeoutMs ?? 0) / 1000} s`);
  return { ok: false, error: watch.value.failure() ?? { errno: 'EIO', what: 'the watch ended' } };
}
