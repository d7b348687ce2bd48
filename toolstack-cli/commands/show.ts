/** `xtl vm show`: all that is known of one domain. */

import { fromUtf8 } from '../../shared/core/utf8.ts';
import { domainPath, libxlPath, type VmRecord } from '../../shared/domain/build/index.ts';
import type { Context } from '../context.ts';
import { type DomainView, findDomain, recordOf, view } from '../domains.ts';
import type { Host } from '../host.ts';
import { DONE, failed, type Outcome } from '../output/exit.ts';
import { emit, type Format, fields } from '../output/format.ts';
import { printable } from '../output/style.ts';
import type { Options } from '../table.ts';

interface Details extends DomainView {
  readonly type: string | null;
  readonly consoleTty: string | null;
  /** The specification that xtl made it from; null if xl did. */
  readonly spec: VmRecord | null;
}

export async function show(
  context: Context,
  [word = '']: readonly string[],
  options: Options,
): Promise<Outcome> {
  const host = await context.host();
  if (!host.ok) return failed(host.error);
  const info = await findDomain(host.value, word);
  if (!info.ok) return failed(info.error);
  const details: Details = {
    ...(await view(host.value, info.value)),
    type: await node(host.value, `${libxlPath(info.value.domid)}/type`),
    consoleTty: await node(host.value, `${domainPath(info.value.domid)}/console/tty`),
    spec: textOf(await recordOf(host.value, info.value.domid)),
  };
  const lost = host.value.xenstore.lost();
  // Else whatever was not answered any more would pass for what the domain does not have.
  if (lost !== undefined) return failed(lost);
  await emit(context.terminal.out, options.output as Format, details, () => text(details));
  return DONE;
}

/** The record with text where it holds bytes. */
function textOf(record: VmRecord | undefined): VmRecord | null {
  if (record === undefined) return null;
  return { ...record, name: fromUtf8(record.name), cmdline: fromUtf8(record.cmdline) };
}

/** The value of a node; null if it is missing or empty. */
async function node(host: Host, path: string): Promise<string | null> {
  const value = await host.xenstore.readString(path);
  return value.ok && value.value !== '' ? value.value : null;
}

function text(d: Details): string {
  const mib = (kib: number): string => `${Math.floor(kib / 1024)} MiB`;
  const reason = d.shutdownReason === null ? '' : ` (${d.shutdownReason})`;
  const known: [string, string | null][] = [
    ['name', d.name],
    ['domid', String(d.domid)],
    ['uuid', d.uuid],
    ['type', d.type],
    ['state', `${d.state}${reason}`],
    ['builder', builderText(d.builder)],
    ['memory', `${mib(d.memoryKib)} of ${mib(d.maxMemoryKib)}`],
    ['vcpus', `${d.vcpus} of ${d.maxVcpus}`],
    ['cpu time', `${d.cpuTimeSeconds.toFixed(1)} s`],
    ['console', d.consoleTty],
    ...Object.entries(d.spec ?? {})
      .filter(([key]) => /^(kernel|ramdisk|cmdline|on[A-Z])/.test(key))
      .map(([key, value]): [string, string] => [xlName(key), String(value)]),
  ];
  return fields(
    known.flatMap(([key, value]) =>
      value === null || value === '' ? [] : [[key, printable(value)]],
    ),
  );
}

function builderText(builder: Details['builder']): string | null {
  if (builder === null) return null;
  return `process ${builder.pid}${builder.alive ? '' : ', which was killed: see xtl doctor'}`;
}

/** `onReboot` as xl.cfg writes it. */
function xlName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
