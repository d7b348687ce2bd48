/** `xtl disk list`: the disks of a domain, of ours or of xl's. */

import { fromUtf8 } from '../../shared/core/utf8.ts';
import { type BuildHost, type DiskView, listDisks } from '../../shared/domain/build/index.ts';
import type { Counters } from '../../shared/telemetry/blk-counters.ts';
import type { Context } from '../context.ts';
import { findDomain } from '../domains.ts';
import { DONE, failed, type Outcome } from '../output/exit.ts';
import { columns, emit, type Format } from '../output/format.ts';
import { printable } from '../output/style.ts';
import type { Options } from '../table.ts';
import { sizeText } from './disk-size.ts';
import { diskStats, STATS_HEAD, statsObject, statsRow } from './disk-stats.ts';

/** One disk for people and programs; the keys are those of `-o json`. */
interface Listed {
  readonly vdev: string;
  readonly device: number;
  /** Null: a drive without a medium. */
  readonly target: string | null;
  readonly format: string;
  readonly mode: 'r' | 'w';
  readonly cdrom: boolean;
  readonly backendDomid: number;
  /** xtl, Linux or QEMU; null: nobody who tells yet. */
  readonly server: string | null;
  readonly backendState: string | null;
  readonly frontendState: string | null;
  readonly sizeBytes: number | null;
  readonly error: string | null;
  /** With --stats; null: nobody counts. */
  readonly stats?: object | null;
}

function listed(disk: DiskView): Listed {
  const { vdev, device, target, format, isWritable, isCdrom, backend, sectors, error } = disk;
  return {
    ...{ vdev: fromUtf8(vdev), device, target: target === '' ? null : fromUtf8(target), format },
    ...{ mode: isWritable ? 'w' : 'r', cdrom: isCdrom, backendDomid: backend },
    server: disk.server ?? null,
    backendState: disk.backState ?? null,
    frontendState: disk.frontState ?? null,
    sizeBytes: sectors === undefined ? null : sectors * 512,
    error: error === undefined ? null : fromUtf8(error),
  };
}

export async function diskList(
  context: Context,
  [word = '']: readonly string[],
  options: Options,
): Promise<Outcome> {
  const host = await context.host();
  if (!host.ok) return failed(host.error);
  const info = await findDomain(host.value, word);
  if (!info.ok) return failed(info.error);
  const disks = await listDisks(host.value.xenstore, info.value.domid);
  if (!disks.ok) return failed(disks.error);
  if (options.stats === true)
    return listStats(context, host.value, info.value.domid, disks.value, options);
  const all = disks.value.map(listed);
  await emit(context.terminal.out, options.output as Format, all, () => table(all));
  return DONE;
}

async function listStats(
  { terminal }: Context,
  host: BuildHost,
  domid: number,
  disks: readonly DiskView[],
  options: Options,
): Promise<Outcome> {
  const all: (readonly [DiskView, Counters | undefined])[] = [];
  for (const disk of disks) {
    const stats = await diskStats(host, domid, disk);
    if (!stats.ok) return failed(stats.error);
    all.push([disk, stats.value]);
  }
  const objects = all.map(([disk, stats]) => ({
    ...listed(disk),
    stats: stats === undefined ? null : statsObject(stats),
  }));
  const rows = all.map(([disk, stats]) => [printable(fromUtf8(disk.vdev)), ...statsRow(stats)]);
  await emit(terminal.out, options.output as Format, objects, () => columns(STATS_HEAD, rows));
  return DONE;
}

const HEAD = ['VDEV', 'DEVICE', 'MODE', 'TYPE', 'SIZE', 'BACKEND', 'GUEST', 'TARGET'];

async function table(disks: readonly Listed[]): Promise<string> {
  const rows = disks.map((disk) => [
    printable(disk.vdev),
    String(disk.device),
    disk.mode,
    `${disk.cdrom ? 'cdrom' : 'disk'} ${disk.format}`,
    disk.sizeBytes === null ? '-' : sizeText(disk.sizeBytes),
    `${disk.backendDomid} ${disk.server ?? '-'} ${disk.backendState ?? 'gone'}`,
    disk.frontendState ?? 'gone',
    printable(disk.target ?? '-'),
  ]);
  const wrong = disks.flatMap(({ vdev, error }) =>
    error === null ? [] : [`${printable(vdev)}: ${printable(error)}\n`],
  );
  return `${await columns(HEAD, rows)}${wrong.join('')}`;
}
