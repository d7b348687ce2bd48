/** What is done about one domain that has shut down, from the decision to what came of it. */

import type { Domid } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import {
  type BuildHost,
  domainPath,
  forgetDriver,
  formatUuid,
  type ImageFiles,
  newCreateState,
  newDestroyState,
  planCreate,
  planDestroy,
  prepareCreate,
  runPlan,
  type VmRecord,
  vmPath,
} from '../../shared/domain/build/index.ts';
import type { DomainInfo } from '../../shared/platform/domain-control.ts';
import { type Stopwatch, startStopwatch } from '../../shared/telemetry/stopwatch.ts';
import { type Decision, decide } from './core.ts';
import { ATTEMPTS_MAX, RESTART_DELAY_MS, RETRY_MAX_MS } from './limits.ts';

export interface LifecycleHost extends BuildHost {
  readonly images: ImageFiles;
  random(bytes: number): Uint8Array;
  log(line: string): void;
}

/** True if the domain stays as it is, for somebody to look at. */
export async function actOn(
  host: LifecycleHost,
  seen: DomainInfo,
  recorded: VmRecord,
): Promise<boolean> {
  const { domid } = seen;
  // What was seen may be over: the domain destroyed by hand, its number another's.
  const info = host.domainControl.getInfo(domid);
  if (!info.ok || formatUuid(info.value.uuid) !== formatUuid(seen.uuid)) return false;
  const record = { ...recorded, name: await nameNow(host, domid, recorded) };
  const decision = decide(info.value, record);
  if (decision === undefined) return false;
  const who = `domain ${domid} (${record.name})`;
  const times = startStopwatch(host.clock);
  host.log(`${who}: ${decision.why}`);
  const kept = await keepOrEnd(host, domid, record, decision);
  host.log(`${who}: ${kept.ok ? kept.value.what : `left as it is: ${kept.error.what}`}`);
  if (!kept.ok) return true;
  const { deed } = decision;
  if (deed === 'restart' || deed === 'rename-restart') {
    const again = comesAgain(record, decision) ? domid : undefined;
    times.part('its end');
    const isBack = await restart(host, record, { asNew: deed === 'rename-restart', again, times });
    if (!isBack) await forgetDriver(host.xenstore, domid);
  }
  return kept.value.stays;
}

/**
 * Those whom a driver domain serves know it by its number: it comes again under the same one, and
 * what it serves stays as it is meanwhile.
 */
function comesAgain({ isDriverDomain }: VmRecord, { deed }: Decision): boolean {
  return isDriverDomain === true && deed === 'restart';
}

/** A VM that was renamed since it was made comes back under its new name. */
async function nameNow(host: LifecycleHost, domid: Domid, record: VmRecord): Promise<string> {
  const name = await host.xenstore.readString(`${domainPath(domid)}/name`);
  return name.ok && name.value !== '' ? name.value : record.name;
}

interface Kept {
  readonly stays: boolean;
  /** For the log. */
  readonly what: string;
}

async function keepOrEnd(
  host: LifecycleHost,
  domid: Domid,
  record: VmRecord,
  decision: Decision,
): Promise<Result<Kept>> {
  const { deed } = decision;
  if (!comesAgain(record, decision)) {
    const forgotten = await forgetDriver(host.xenstore, domid);
    if (!forgotten.ok) return forgotten;
  }
  if (deed === 'preserve') return ok({ stays: true, what: 'stays as it is' });
  if (deed === 'rename-restart') {
    const name = `${record.name}-${domid}`;
    const renamed = await rename(host, domid, record, name);
    return renamed.ok ? ok({ stays: true, what: `stays as '${name}'` }) : renamed;
  }
  const plan = planDestroy(domid, comesAgain(record, decision));
  const ended = await runPlan(plan, newDestroyState(host), host.clock);
  return ended.ok ? ok({ stays: false, what: 'destroyed' }) : ended;
}

function rename(
  host: LifecycleHost,
  domid: Domid,
  record: VmRecord,
  name: string,
): Promise<Result<void>> {
  return host.xenstore.transaction((tx) =>
    tx.writeAll([
      { path: `${domainPath(domid)}/name`, value: name },
      { path: `${vmPath(record.uuid)}/name`, value: name },
    ]),
  );
}

/** As another VM, with a uuid of its own; and under the number that it had. */
interface Anew {
  readonly asNew: boolean;
  readonly again: Domid | undefined;
  /** Since it was seen to be gone. */
  readonly times: Stopwatch;
}

/**
 * Tries until the VM runs again, until somebody ends it meanwhile, or until it is given up: then
 * the log has its record. Whether it runs.
 */
export async function restart(host: LifecycleHost, record: VmRecord, how: Anew): Promise<boolean> {
  let delayMs = RESTART_DELAY_MS;
  for (let attempt = 1; ; attempt++) {
    // Guests wait for a driver domain.
    if (attempt > 1 || how.again === undefined) await host.clock.sleep(delayMs);
    const started = await start(host, record, how);
    if (started.ok) {
      const { domid, zombieMs } = started.value;
      host.log(`${record.name}: runs again as domain ${domid}`);
      how.times.part('its start');
      if (how.again !== undefined) {
        const wait = `${zombieMs.toFixed(1)} of that until its number was free`;
        host.log(`${record.name}: was away for ${how.times.text()}, ${wait}`);
      }
      return true;
    }
    const { errno, what } = started.error;
    if (errno === 'ESRCH') {
      host.log(`${record.name}: is not started again: ${what}`);
      return false;
    }
    if (attempt >= ATTEMPTS_MAX) {
      host.log(`${record.name}: given up after ${attempt} attempts: ${what}`);
      host.log(`${record.name}: start it by hand; it was ${JSON.stringify(record)}`);
      return false;
    }
    delayMs = Math.min(2 * delayMs, RETRY_MAX_MS);
    const next = `attempt ${attempt} of ${ATTEMPTS_MAX}, the next in ${delayMs / 1000} s`;
    host.log(`${record.name}: cannot be started again (${next}): ${what}`);
  }
}

async function start(
  host: LifecycleHost,
  record: VmRecord,
  { asNew, again }: Anew,
): Promise<Result<{ readonly domid: Domid; readonly zombieMs: number }>> {
  const { uuid, ...rest } = record;
  const spec = { ...rest, ...(asNew ? {} : { uuid }), configText: '' };
  const prepared = await prepareCreate(spec, host.images, {
    ...{ random: host.random(16), paused: false },
    ...(again !== undefined && { again }),
  });
  if (!prepared.ok) return prepared;
  const state = newCreateState(host);
  const result = await runPlan(planCreate(prepared.value), state, host.clock);
  if (!result.ok) return result;
  const { domid, zombieMs = 0 } = state;
  return domid === undefined ? fail('EIO', 'no domain came of it') : ok({ domid, zombieMs });
}
