/**
 * Whether the kernel's back end can go on with a disk of xtl's. It is asked before anything is
 * changed: what it refuses when it is bound ends the guest's disk (xenbus_dev_fatal in
 * connect_ring of xen-blkback/xenbus.c @ v6.12).
 */

import { assert } from '../../core/assert.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import type { DiskState } from './disk-plan.ts';
import type { KernelBlock, KernelDisk } from './host.ts';
import type { KeptDomain } from './userdata.ts';

async function text(nodes: Nodes, path: string): Promise<Result<string | undefined>> {
  const read = await nodes.readString(path);
  if (read.ok) return read;
  return read.error.errno === 'ENOENT' ? ok(undefined) : read;
}

/** What a number is that a frontend or a back end has written; 0 for none. */
async function count(nodes: Nodes, path: string): Promise<Result<number>> {
  const read = await text(nodes, path);
  if (!read.ok) return read;
  return ok(/^[0-9]{1,9}$/.test(read.value ?? '') ? Number(read.value) : 0);
}

/** A file's stands for it: the block script makes one (drivers/block/loop.c). */
const LOOP_MAJOR = '7:';

/** Whether what the kernel serves is what our back end would open. */
export async function checkTheSame(
  { host, device: disk }: DiskState,
  { domid }: KeptDomain,
): Promise<Result<void>> {
  assert(disk !== undefined, 'found');
  const { device, vdev, target, paths } = disk;
  const numbers = await text(host.xenstore, `${paths.back}/physical-device`);
  if (!numbers.ok || host.kernelDisk === undefined) return numbers.ok ? ok() : numbers;
  const found = await host.kernelDisk(`vbd-${domid}-${device}`, target, numbers.value);
  if (!found.ok) return found;
  const { own } = found.value;
  const isIt = own === undefined ? numbers.value?.startsWith(LOOP_MAJOR) : own === numbers.value;
  if (isIt === true) return ok();
  const what = `the kernel serves block device ${numbers.value}`;
  return fail('EOPNOTSUPP', `${vdev}: ${target} is not what its guest has: ${what}`);
}

/** Notes the numbers of its block device. EOPNOTSUPP says what the kernel's back end lacks. */
export async function checkKernel(state: DiskState, { domid }: KeptDomain): Promise<Result<void>> {
  const { host, device: disk } = state;
  assert(disk !== undefined, 'found');
  const { device, vdev, target, paths } = disk;
  if (host.kernelDisk === undefined) return fail('EOPNOTSUPP', 'there is no kernel that serves it');
  const numbers = await text(host.xenstore, `${paths.back}/physical-device`);
  if (!numbers.ok) return numbers;
  const found = await host.kernelDisk(`vbd-${domid}-${device}`, target, numbers.value);
  if (!found.ok) return found;
  const wrong = whatIsWrong(found.value, target);
  if (wrong !== undefined) return fail('EOPNOTSUPP', `${vdev}: ${wrong}`);
  const { block, limits } = found.value;
  assert(block !== undefined && limits !== undefined, 'nothing is wrong');
  const rings = await checkRings(host.xenstore, paths.front, limits);
  const lacks = rings.ok ? await checkBlock(host.xenstore, paths.back, block) : rings;
  if (!lacks.ok) return lacks.error.errno === 'EOPNOTSUPP' ? tell(vdev, lacks) : lacks;
  state.numbers = block.numbers;
  return ok();
}

function tell(vdev: string, { error }: { readonly error: { readonly what: string } }) {
  return fail('EOPNOTSUPP', `${vdev}: ${error.what}`);
}

function whatIsWrong({ isSeen, limits, block }: KernelDisk, target: string): string | undefined {
  if (limits === undefined) return 'the kernel’s back end is not loaded: modprobe xen-blkback';
  if (!isSeen) return 'the kernel does not know it: it was served before the kernel had seen it';
  if (block !== undefined) return undefined;
  return `${target} is a file, and the kernel serves block devices alone`;
}

async function checkRings(
  nodes: Nodes,
  front: string,
  { queues, ringOrder }: NonNullable<KernelDisk['limits']>,
): Promise<Result<void>> {
  const asked = await count(nodes, `${front}/multi-queue-num-queues`);
  if (!asked.ok) return asked;
  if (asked.value > queues) {
    const how = 'the parameter max_queues of xen_blkback';
    return fail('EOPNOTSUPP', `it has ${asked.value} queues, and the kernel ${queues} (${how})`);
  }
  const order = await count(nodes, `${front}/ring-page-order`);
  if (!order.ok) return order;
  if (order.value <= ringOrder) return ok();
  const how = 'the parameter max_ring_page_order of xen_blkback';
  return fail(
    'EOPNOTSUPP',
    `rings of order ${order.value}, and the kernel’s ${ringOrder} (${how})`,
  );
}

async function checkBlock(
  nodes: Nodes,
  back: string,
  { sectorBytes, canFlush, canDiscard }: KernelBlock,
): Promise<Result<void>> {
  const sector = await count(nodes, `${back}/sector-size`);
  if (!sector.ok) return sector;
  if (sector.value !== 0 && sector.value !== sectorBytes) {
    return fail(
      'EOPNOTSUPP',
      `its sector-size is ${sector.value}, and the kernel’s ${sectorBytes}`,
    );
  }
  const promised = [
    ['feature-flush-cache', canFlush],
    ['feature-discard', canDiscard],
  ] as const;
  for (const [name, can] of promised) {
    const before = await count(nodes, `${back}/${name}`);
    if (!before.ok) return before;
    if (before.value > 0 && !can) return fail('EOPNOTSUPP', `the kernel has no ${name} for it`);
  }
  return ok();
}
