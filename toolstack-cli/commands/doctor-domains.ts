/**
 * What doctor says of domains that are not whole: those that are being built, and those that a
 * killed process left. The latter hold all their memory and have no use: `--fix` removes them.
 */

import { fail, ok, type Result } from '../../shared/core/result.ts';
import {
  type BuildHost,
  builderOf,
  domainPath,
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
import { type Check, ok as good, warn } from './doctor-check.ts';
import { checkServices } from './doctor-services.ts';

/** Without a xenstore there is none to look into or to tidy. */
interface Machine {
  readonly control: Pick<BuildHost, 'domainControl' | 'builders'>;
  readonly whole: Host | undefined;
}

async function openMachine(context: Context, store: boolean): Promise<Machine | undefined> {
  const host = store ? await context.host() : undefined;
  if (host?.ok) return { control: host.value, whole: host.value };
  const part: Result<StoreDomainHost> = await context.storeDomainHost();
  return part.ok ? { control: part.value, whole: undefined } : undefined;
}

/** One check for each domain that is not whole. `store`: whether a xenstored answers. */
export async function checkDomains(
  context: Context,
  store: boolean,
  fix: boolean,
): Promise<readonly Check[]> {
  const machine = await openMachine(context, store);
  if (machine === undefined) return [];
  const all = listDomains(machine.control.domainControl);
  // What is wrong with the hypervisor, other checks tell.
  if (!all.ok) return [];
  const checks =
    machine.whole === undefined ? [] : await checkServices(machine.whole, all.value, fix);
  for (const info of all.value) {
    const builder = builderOf(info.uuid);
    if (builder === undefined || info.dying) continue;
    const name = `domain ${info.domid}`;
    if (machine.control.builders.isAlive(builder)) {
      checks.push(good(name, `is being created by process ${builder.pid}`));
      continue;
    }
    const what = await whatIs(machine, info);
    const found = `left by process ${builder.pid}, killed amid a create: ${what}`;
    if (!fix) {
      checks.push(warn(name, found, 'xtl doctor --fix removes it'));
      continue;
    }
    const removed = await remove(machine, info);
    checks.push(
      removed.ok
        ? good(name, `${found}; it is removed now`)
        : warn(name, found, `it cannot be removed: ${removed.error.what}`),
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
  const name = whole === undefined ? null : await nameOf(whole, info.domid);
  const what = name === null ? memory : `'${name}', ${memory}`;
  if (kib < OWN_MEMORY_KIB) return `${what}, before it got its memory`;
  const ring = await whole?.xenstore.exists(`${domainPath(info.domid)}/store/ring-ref`);
  return `${what}, before ${ring?.ok && ring.value ? 'it was whole' : 'its nodes were made'}`;
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
