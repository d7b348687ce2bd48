/**
 * What doctor says of domains that are not whole: those that are being built, and those that a
 * killed process left. The latter hold all their memory and have no use: `--fix` removes them.
 */

import { fail, ok, type Result } from '../../shared/core/result.ts';
import {
  type BuildHost,
  builderOf,
  formatUuid,
  listDomains,
  newDestroyState,
  planDestroy,
  runPlan,
  type StoreDomainHost,
} from '../../shared/domain/build/index.ts';
import type { DomainInfo } from '../../shared/platform/domain-control.ts';
import { PAGE_SIZE } from '../../shared/platform/region.ts';
import type { Context } from '../context.ts';
import { nameOf } from '../domains.ts';
import type { Host } from '../host.ts';
import type { Check } from './doctor-checks.ts';

/** Without a xenstore there is none to look into or to tidy. */
interface Machine {
  readonly control: Pick<BuildHost, 'domainControl' | 'builders'>;
  readonly whole: Host | undefined;
}

async function openMachine(context: Context): Promise<Machine | undefined> {
  const host = await context.host();
  if (host.ok) return { control: host.value, whole: host.value };
  const part: Result<StoreDomainHost> = await context.storeDomainHost();
  return part.ok ? { control: part.value, whole: undefined } : undefined;
}

/** One check for each domain that is not whole; none where all are. */
export async function checkDomains(context: Context, fix: boolean): Promise<readonly Check[]> {
  const machine = await openMachine(context);
  if (machine === undefined) return [];
  const all = listDomains(machine.control.domainControl);
  // What is wrong with the hypervisor, other checks tell.
  if (!all.ok) return [];
  const checks: Check[] = [];
  for (const info of all.value) {
    const builder = builderOf(info.uuid);
    if (builder === undefined || info.dying) continue;
    const name = `domain ${info.domid}`;
    if (machine.control.builders.isAlive(builder)) {
      checks.push({ name, status: 'ok', found: `is being created by process ${builder.pid}` });
      continue;
    }
    const what = await whatIs(machine, info);
    const found = `left by process ${builder.pid}, killed amid a create: ${what}`;
    if (!fix) {
      checks.push({ name, status: 'warn', found, advice: 'xtl doctor --fix removes it' });
      continue;
    }
    const removed = await remove(machine, info);
    checks.push(
      removed.ok
        ? { name, status: 'ok', found: `${found}; it is removed now` }
        : { name, status: 'warn', found, advice: `it cannot be removed: ${removed.error.what}` },
    );
  }
  return checks;
}

/** A domain without memory of its own has some pages all the same. */
const OWN_MEMORY_KIB = 1024;

/** Its memory, and how far its builder got. */
async function whatIs({ whole }: Machine, info: DomainInfo): Promise<string> {
  const kib = info.totalPages * (PAGE_SIZE / 1024);
  const memory = `${Math.floor(kib / 1024)} MiB`;
  if (kib < OWN_MEMORY_KIB) return `${memory}, before it got its memory`;
  const name = whole === undefined ? null : await nameOf(whole, info.domid);
  if (name === null) return `${memory}, before its nodes were made`;
  return `${memory}, '${name}', before it was whole`;
}

/** Looks once more: nothing but what a process that is gone left half built is ever touched. */
async function remove({ control, whole }: Machine, seen: DomainInfo): Promise<Result<void>> {
  const { domid } = seen;
  const now = control.domainControl.getInfo(domid);
  if (!now.ok) return now.error.errno === 'ESRCH' ? ok() : now;
  if (formatUuid(now.value.uuid) !== formatUuid(seen.uuid)) {
    return fail('EEXIST', `domain ${domid} is another one meanwhile`);
  }
  if (whole === undefined) return control.domainControl.destroyDomain(domid);
  const result = await runPlan(planDestroy(domid), newDestroyState(whole), whole.clock);
  return result.ok ? ok() : result;
}
