/** The nodes of a disk's two ends, as its front end reads and writes them (io/blkif.h). */

import { VDISK_READONLY, XEN_IO_PROTO_ABI_X86_64 } from '../../shared/abi/blkif.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { Nodes, NodeToWrite } from '../../shared/xenstore/nodes.ts';
import { RING_ORDER_MAX } from './core/limits.ts';
import type { UplinkShape } from './core/uplink.ts';

/** Sectors of a disk beyond which numbers are not exact. */
const SECTORS_MAX = 2 ** 44;

/** Digits; undefined: there is no such node. */
async function number(
  nodes: Nodes,
  path: string,
  most = 0xffff_ffff,
): Promise<Result<number | undefined>> {
  const value = await nodes.readString(path);
  if (!value.ok) return value.error.errno === 'ENOENT' ? ok(undefined) : value;
  const found = /^[0-9]{1,16}$/.test(value.value) ? Number(value.value) : Number.NaN;
  return found <= most ? ok(found) : fail('EPROTO', `${path} is '${value.value.slice(0, 40)}'`);
}

async function numbers<K extends string>(
  nodes: Nodes,
  path: string,
  names: readonly K[],
): Promise<Result<Partial<Record<K, number>>>> {
  const most = (name: string) => (name === 'sectors' ? SECTORS_MAX : undefined);
  const all = await Promise.all(names.map((name) => number(nodes, `${path}/${name}`, most(name))));
  const found: Partial<Record<K, number>> = {};
  for (const [i, value] of all.entries()) {
    if (!value.ok) return value;
    if (value.value !== undefined) found[names[i] as K] = value.value;
  }
  return ok(found);
}

const SHAPE_KEYS = [
  ...['sectors', 'sector-size', 'info', 'feature-flush-cache', 'feature-barrier'],
  ...['feature-discard', 'discard-secure', 'feature-max-indirect-segments'],
] as const;

/** What the back end says that its disk is, once it is connected. EPROTO: what is none. */
export async function readShape(nodes: Nodes, back: string): Promise<Result<UplinkShape>> {
  const read = await numbers(nodes, back, SHAPE_KEYS);
  if (!read.ok) return read;
  const { sectors, info = 0, ...keys } = read.value as Record<string, number | undefined>;
  const sectorBytes = keys['sector-size'] ?? 512;
  if (sectors === undefined) return fail('EPROTO', `${back}/sectors is missing`);
  if (sectorBytes < 512 || sectorBytes > 4096 || (sectorBytes & (sectorBytes - 1)) !== 0) {
    return fail('EPROTO', `${back}/sector-size is ${sectorBytes}`);
  }
  const isTrue = (name: string): boolean => (keys[name] ?? 0) !== 0;
  const cached = isTrue('feature-barrier') ? 'barrier' : 'none';
  return ok({
    ...{ sectorBytes, sectors, isReadOnly: (info & VDISK_READONLY) !== 0 },
    canDiscard: isTrue('feature-discard'),
    canDiscardSecurely: isTrue('feature-discard') && isTrue('discard-secure'),
    flush: isTrue('feature-flush-cache') ? 'flush' : cached,
    segmentsMax: keys['feature-max-indirect-segments'] ?? 0,
  });
}

/** The order of a ring that the back end takes and we want. */
export async function ringOrder(nodes: Nodes, back: string): Promise<Result<number>> {
  const order = await number(nodes, `${back}/max-ring-page-order`);
  return order.ok ? ok(Math.min(order.value ?? 0, RING_ORDER_MAX)) : order;
}

/** What a front end tells of its ring; several pages have several names. */
export function ringKeys(
  path: string,
  grefs: readonly number[],
  eventChannel: number,
): readonly NodeToWrite[] {
  const order = Math.log2(grefs.length);
  const keys: readonly (readonly [string, string | number])[] = [
    ...(order > 0 ? [['ring-page-order', order] as const] : []),
    ...grefs.map((gref, i) => [order > 0 ? `ring-ref${i}` : 'ring-ref', gref] as const),
    ['event-channel', eventChannel],
    ['protocol', XEN_IO_PROTO_ABI_X86_64],
  ];
  return keys.map(([name, value]) => ({ path: `${path}/${name}`, value: String(value) }));
}
