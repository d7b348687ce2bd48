/** What Linux's own back end of disks would make of one: in sysfs (@ v6.12). */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { ok, type Result } from '../../shared/core/result.ts';
import type { KernelBlock, KernelDisk } from '../../shared/domain/build/index.ts';
import { deviceNumbers } from '../../shared/platform/unix/write-cache.ts';

/** undefined: there is no such file. */
function textIn(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return undefined;
  }
}

function numberIn(path: string): number | undefined {
  const text = textIn(path);
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

function limits(sys: string): KernelDisk['limits'] {
  const parameters = `${sys}/module/xen_blkback/parameters`;
  const queues = numberIn(`${parameters}/max_queues`);
  const ringOrder = numberIn(`${parameters}/max_ring_page_order`);
  return queues === undefined || ringOrder === undefined ? undefined : { queues, ringOrder };
}

/** The number of the block device at a path; undefined: it is none. */
function rdevAt(path: string): number | undefined {
  try {
    const stat = statSync(path);
    return stat.isBlockDevice() ? stat.rdev : undefined;
  } catch {
    return undefined;
  }
}

/** As the block script writes it: major and minor, each in base 16. */
function numbersOf(rdev: number): string {
  return deviceNumbers(rdev)
    .map((part) => part.toString(16))
    .join(':');
}

function blockOf(numbers: string, sys: string): KernelBlock | undefined {
  const [major, minor] = numbers.split(':').map((word) => Number.parseInt(word, 16));
  const folder = `${sys}/dev/block/${major}:${minor}`;
  // A partition has those of its disk.
  const queues = [`${folder}/queue`, `${folder}/../queue`];
  const of = (name: string): number | undefined =>
    queues.map((queue) => numberIn(`${queue}/${name}`)).find((value) => value !== undefined);
  const sectorBytes = of('logical_block_size');
  if (sectorBytes === undefined) return undefined;
  const canFlush = queues.some((queue) => textIn(`${queue}/write_cache`) === 'write back');
  return { numbers, sectorBytes, canFlush, canDiscard: (of('discard_max_bytes') ?? 0) > 0 };
}

export async function kernelDisk(
  device: string,
  target: string,
  known?: string,
  sys = '/sys',
): Promise<Result<KernelDisk>> {
  const rdev = rdevAt(target);
  const own = rdev === undefined ? undefined : numbersOf(rdev);
  const numbers = known ?? own;
  const block = numbers === undefined ? undefined : blockOf(numbers, sys);
  return ok({
    isSeen: existsSync(`${sys}/bus/xen-backend/devices/${device}`),
    limits: limits(sys),
    own,
    block,
  });
}
