/** Domains as a reader wants them: what the hypervisor says joined with what xenstore says. */

import { type Domid, domid, isDomid } from '../shared/core/ids.ts';
import { fail, ok, type Result } from '../shared/core/result.ts';
import { fromUtf8, utf8 } from '../shared/core/utf8.ts';
import {
  builderOf,
  domainPath,
  findByName,
  formatUuid,
  listDomains,
  readRecord,
  type VmRecord,
} from '../shared/domain/build/index.ts';
import type { DomainInfo } from '../shared/platform/domain-control.ts';
import { PAGE_SIZE } from '../shared/platform/region.ts';
import type { Host } from './host.ts';

const KIB_PER_PAGE = PAGE_SIZE / 1024;

/** One domain for people and programs; the keys are those of `-o json`. */
export interface DomainView {
  readonly domid: number;
  /** Null for a domain without a name in xenstore: being made, or dying. */
  readonly name: string | null;
  readonly uuid: string;
  readonly memoryKib: number;
  readonly maxMemoryKib: number;
  readonly vcpus: number;
  readonly maxVcpus: number;
  /** xl's letters: running, blocked, paused, shut down, why (r s c w S), dying. */
  readonly state: string;
  readonly shutdownReason: string | null;
  /** The process that builds it, and whether it still does; null if it is whole, or dying. */
  readonly builder: { readonly pid: number; readonly alive: boolean } | null;
  readonly cpuTimeSeconds: number;
}

/**
 * A domain by name or domid. As in libxl_domain_qualifier_to_domid, a word of digits is always a
 * domid, even where a domain has it for a name.
 */
export async function findDomain(host: Host, word: string): Promise<Result<DomainInfo>> {
  const id = await toDomid(host, word);
  if (!id.ok) return id;
  const info = host.domainControl.getInfo(id.value);
  if (info.ok || info.error.errno !== 'ESRCH') return info;
  return fail('ESRCH', `there is no domain '${word}'`);
}

async function toDomid(host: Host, word: string): Promise<Result<Domid>> {
  if (/^[0-9]+$/.test(word)) {
    const number = Number(word);
    return isDomid(number) ? ok(domid(number)) : fail('ESRCH', `there is no domain '${word}'`);
  }
  const found = await findByName(host.xenstore, utf8(word));
  if (!found.ok) return found;
  // A name can outlive its domain for a moment: the one that lives counts.
  const alive = found.value.find((id) => host.domainControl.getInfo(id).ok);
  return alive === undefined ? fail('ESRCH', `there is no domain '${word}'`) : ok(alive);
}

export async function viewAll(host: Host): Promise<Result<readonly DomainView[]>> {
  const all = listDomains(host.domainControl);
  if (!all.ok) return all;
  return ok(await Promise.all(all.value.map((info) => view(host, info))));
}

export async function view(host: Host, info: DomainInfo): Promise<DomainView> {
  return {
    domid: info.domid,
    name: await nameOf(host, info.domid),
    uuid: formatUuid(info.uuid),
    memoryKib: (info.totalPages + info.outstandingPages) * KIB_PER_PAGE,
    maxMemoryKib: info.maxPages * KIB_PER_PAGE,
    vcpus: info.onlineVcpus,
    maxVcpus: info.maxVcpuId + 1,
    state: stateLetters(info),
    shutdownReason: reasonName(info),
    builder: buildOf(host, info),
    cpuTimeSeconds: Number(info.cpuTimeNs) / 1e9,
  };
}

function buildOf(host: Host, info: DomainInfo): DomainView['builder'] {
  const builder = builderOf(info.uuid);
  // One that is being taken back is there until the last of its pages is let go of.
  if (builder === undefined || info.dying) return null;
  return { pid: builder.pid, alive: host.builders.isAlive(builder) };
}

/** Null if it has none. */
export async function nameOf(host: Host, id: Domid): Promise<string | null> {
  const name = await host.xenstore.readString(`${domainPath(id)}/name`);
  return name.ok ? fromUtf8(name.value) : null;
}

/** What `xtl vm create` recorded of the domain; undefined for a domain that xl made. */
export async function recordOf(host: Host, id: Domid): Promise<VmRecord | undefined> {
  const record = await readRecord(host.xenstore, id);
  return record.ok ? record.value : undefined;
}

const REASON_LETTERS: Readonly<Record<string, string>> = {
  poweroff: '-',
  reboot: 'r',
  suspend: 's',
  crash: 'c',
  watchdog: 'w',
  soft_reset: 'S',
};

/** As list_domains in xl_info.c @ RELEASE-4.17.0. */
export function stateLetters(info: DomainInfo): string {
  const { shutdown } = info;
  const reason = shutdown === undefined ? '-' : (REASON_LETTERS[String(shutdown)] ?? '?');
  return [
    info.running ? 'r' : '-',
    info.blocked ? 'b' : '-',
    info.paused ? 'p' : '-',
    shutdown === undefined ? '-' : 's',
    reason,
    info.dying ? 'd' : '-',
  ].join('');
}

export function reasonName({ shutdown }: DomainInfo): string | null {
  if (shutdown === undefined) return null;
  return typeof shutdown === 'string' ? shutdown : `code ${shutdown.code}`;
}
