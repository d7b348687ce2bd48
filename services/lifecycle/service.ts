/** Watches for domains that have shut down and does what their configuration asks for. */

import type { Domid } from '../../shared/core/ids.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import {
  type BuildHost,
  domainPath,
  type ImageFiles,
  listDomains,
  newCreateState,
  newDestroyState,
  planCreate,
  planDestroy,
  prepareCreate,
  readRecord,
  runPlan,
  type VmRecord,
} from '../../shared/domain/build/index.ts';
import type { DomainInfo } from '../../shared/platform/domain-control.ts';
import { decide } from './core.ts';
import { RESTART_DELAY_MS } from './limits.ts';

export interface LifecycleHost extends BuildHost {
  readonly images: ImageFiles;
  random(bytes: number): Uint8Array;
  log(line: string): void;
}

/** Runs until no domain with a record of ours is left. Fails if the store cannot be watched. */
export async function lifecycleService(host: LifecycleHost): Promise<Result<void>> {
  const preserved = new Set<Domid>();
  const watch = await host.xenstore.watch('@releaseDomain');
  if (!watch.ok) return watch;
  for await (const _ of watch.value) {
    const left = await sweep(host, preserved);
    if (!left.ok) host.log(`cannot list domains: ${left.error.what}`);
    else if (left.value === 0) break;
  }
  const lost = watch.value.failure();
  return lost === undefined ? ok() : { ok: false, error: lost };
}

/** Looks at every domain once; the value is how many with a record of ours are there afterwards. */
export async function sweep(host: LifecycleHost, preserved: Set<Domid>): Promise<Result<number>> {
  const infos = listDomains(host.domainControl);
  if (!infos.ok) return infos;
  const there = new Set(infos.value.map(({ domid }) => domid));
  // A domid may come back for another domain.
  for (const domid of preserved) if (!there.has(domid)) preserved.delete(domid);
  const records = await Promise.all(infos.value.map(({ domid }) => recordOf(host, domid)));
  let left = 0;
  for (const [i, info] of infos.value.entries()) {
    const record = records[i];
    if (record === undefined) continue;
    const gone = await handle(host, info, record, preserved);
    if (!gone) left++;
  }
  return ok(left);
}

async function recordOf(host: LifecycleHost, domid: Domid): Promise<VmRecord | undefined> {
  const record = await readRecord(host.xenstore, domid);
  if (record.ok) return record.value;
  if (record.error.errno === 'EPROTO') host.log(`domain ${domid}: ${record.error.what}`);
  return undefined;
}

/** True if neither the domain nor a successor is left. */
async function handle(
  host: LifecycleHost,
  info: DomainInfo,
  record: VmRecord,
  preserved: Set<Domid>,
): Promise<boolean> {
  const decision = decide(info, record);
  if (decision === undefined || preserved.has(info.domid)) return false;
  host.log(`domain ${info.domid} (${record.name}): ${decision.why}`);
  const { deed } = decision;
  if (deed === 'preserve' || deed === 'rename-restart') preserved.add(info.domid);
  if (deed === 'preserve') return false;
  const done =
    deed === 'rename-restart'
      ? await rename(host, info.domid, record)
      : await runPlan(planDestroy(info.domid), newDestroyState(host), host.clock);
  if (!done.ok) {
    host.log(`domain ${info.domid} (${record.name}): ${done.error.what}`);
    // Not again and again: whoever looks at it finds it as it is.
    preserved.add(info.domid);
    return false;
  }
  if (deed === 'destroy') return true;
  await restart(host, record, deed === 'rename-restart');
  return false;
}

async function restart(host: LifecycleHost, record: VmRecord, asNew: boolean): Promise<void> {
  await host.clock.sleep(RESTART_DELAY_MS);
  const { uuid, ...rest } = record;
  const spec = { ...rest, ...(asNew ? {} : { uuid }), configText: '' };
  const prepared = await prepareCreate(spec, host.images, {
    random: host.random(16),
    paused: false,
  });
  const result = prepared.ok
    ? await runPlan(planCreate(prepared.value), newCreateState(host), host.clock)
    : prepared;
  if (!result.ok) host.log(`${record.name}: cannot be started again: ${result.error.what}`);
}

function rename(host: LifecycleHost, domid: Domid, record: VmRecord): Promise<Result<void>> {
  const name = `${record.name}-${domid}`;
  return host.xenstore.transaction((tx) =>
    tx.writeAll([
      { path: `${domainPath(domid)}/name`, value: name },
      { path: `/vm/${record.uuid}/name`, value: name },
    ]),
  );
}
