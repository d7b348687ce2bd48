/** Watches for domains that have shut down and has done what their configuration asks for. */

import type { Domid } from '../../shared/core/ids.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import {
  builderOf,
  listDomains,
  readRecord,
  type VmRecord,
} from '../../shared/domain/build/index.ts';
import type { DomainInfo } from '../../shared/platform/domain-control.ts';
import { comeAgain, vanishedDrivers } from './vanished.ts';
import { actOn, type LifecycleHost } from './vm-end.ts';

interface Attention {
  /** Domains that are being acted on, each for itself: one that is stuck holds up no other. */
  readonly inHand: Set<Domid>;
  /** Domains that stay as they are. */
  readonly preserved: Set<Domid>;
}

/** Runs until no domain with a record of ours is left. Fails if the store cannot be watched. */
export async function lifecycleService(host: LifecycleHost): Promise<Result<void>> {
  const attention: Attention = { inHand: new Set(), preserved: new Set() };
  const watch = await host.xenstore.watch('@releaseDomain');
  if (!watch.ok) return watch;
  const look = async (): Promise<void> => {
    const left = await sweep(host, attention, () => void look());
    if (!left.ok) host.log(`cannot list domains: ${left.error.what}`);
    else if (left.value === 0) await watch.value.return();
  };
  for await (const _ of watch.value) await look();
  const lost = watch.value.failure();
  return lost === undefined ? ok() : { ok: false, error: lost };
}

/**
 * Looks at every domain once and begins what is to be done, `whenDone` after each; the value is how
 * many domains and restarts there are to wait for.
 */
async function sweep(
  host: LifecycleHost,
  { inHand, preserved }: Attention,
  whenDone: () => void,
): Promise<Result<number>> {
  const ours = await domainsOfOurs(host);
  if (!ours.ok) return ours;
  const there = new Set(ours.value.map(({ info }) => info.domid));
  // A domid may come back for another domain.
  for (const domid of preserved) if (!there.has(domid)) preserved.delete(domid);
  for (const { info, record } of ours.value) {
    const { domid } = info;
    if (inHand.has(domid) || preserved.has(domid) || info.shutdown === undefined) continue;
    inHand.add(domid);
    void actOn(host, info, record).then((stays) => {
      inHand.delete(domid);
      if (stays) preserved.add(domid);
      whenDone();
    });
  }
  const drivers = await vanishedDrivers(host);
  if (!drivers.ok) return drivers;
  for (const { domid, record } of drivers.value) {
    if (inHand.has(domid)) continue;
    inHand.add(domid);
    void comeAgain(host, domid, record).then(() => {
      inHand.delete(domid);
      whenDone();
    });
  }
  return ok(new Set([...there, ...inHand]).size);
}

/** Domains with a record of ours. */
export async function domainsOfOurs(
  host: LifecycleHost,
): Promise<Result<readonly { readonly info: DomainInfo; readonly record: VmRecord }[]>> {
  const infos = listDomains(host.domainControl);
  if (!infos.ok) return infos;
  const records = await Promise.all(infos.value.map((info) => recordOf(host, info)));
  return ok(
    infos.value.flatMap((info, i) => {
      const record = records[i];
      return record === undefined ? [] : [{ info, record }];
    }),
  );
}

async function recordOf(host: LifecycleHost, info: DomainInfo): Promise<VmRecord | undefined> {
  const builder = builderOf(info.uuid);
  // Whoever was building it has gone: nobody waits for its end.
  if (builder !== undefined && !host.builders.isAlive(builder)) return undefined;
  const record = await readRecord(host.xenstore, info.domid);
  if (record.ok) return record.value;
  if (record.error.errno === 'EPROTO') host.log(`domain ${info.domid}: ${record.error.what}`);
  return undefined;
}
