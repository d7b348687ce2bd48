/** `xtl vm list`: the columns of xl list, or the same as data. */

import type { Context } from '../context.ts';
import { type DomainView, findDomain, view, viewAll } from '../domains.ts';
import { DONE, failed, type Outcome } from '../output/exit.ts';
import { emit, type Format } from '../output/format.ts';
import { printable } from '../output/style.ts';
import type { Options } from '../table.ts';

export async function list(
  context: Context,
  [word]: readonly string[],
  options: Options,
): Promise<Outcome> {
  const host = await context.host();
  if (!host.ok) return failed(host.error);
  let views: readonly DomainView[];
  if (word === undefined) {
    const all = await viewAll(host.value);
    if (!all.ok) return failed(all.error);
    views = all.value;
  } else {
    const one = await findDomain(host.value, word);
    if (!one.ok) return failed(one.error);
    views = [await view(host.value, one.value)];
  }
  const lost = host.value.xenstore.lost();
  // Else whatever was not answered any more would pass for a domain without a name.
  if (lost !== undefined) return failed(lost);
  await emit(context.terminal.out, options.output as Format, views, () => table(views));
  return DONE;
}

/** Character for character the layout of xl list (list_domains in xl_info.c @ RELEASE-4.17.0). */
function table(views: readonly DomainView[]): string {
  const names = ['Name'.padEnd(40), 'ID'.padStart(5), 'Mem'.padStart(5), 'VCPUs'];
  return `${names.join(' ')}\tState\tTime(s)\n${views.map(row).join('')}`;
}

/** What is not the VM of its name yet, or never will be. */
function unfinished({ builder }: DomainView): string {
  if (builder === null) return '';
  return builder.alive ? ' (being created)' : ' (left by a create)';
}

function row(v: DomainView): string {
  const name = `${printable(v.name ?? '(null)')}${unfinished(v)}`;
  const memory = String(Math.floor(v.memoryKib / 1024));
  const cells = [
    name.padEnd(40),
    String(v.domid).padStart(5),
    memory.padStart(5),
    String(v.vcpus).padStart(5),
  ];
  return `${cells.join(' ')}     ${v.state}  ${v.cpuTimeSeconds.toFixed(1).padStart(8)}\n`;
}
