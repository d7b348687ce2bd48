/** The nodes of a disk's two ends (io/blkif.h @ RELEASE-4.17.0). */

import { VDISK_CDROM, VDISK_READONLY, VDISK_REMOVABLE } from '../../shared/abi/blkif.ts';
import { neededNumber, readNumber, readText } from '../../shared/backend/nodes.ts';
import { RATE_MAX, type RateLimits } from '../../shared/core/rate.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { BlockShape } from '../../shared/platform/block-io.ts';
import { type Protocol, protocolOf } from '../../shared/ring/blkif-slots.ts';
import type { Nodes, NodeToWrite } from '../../shared/xenstore/nodes.ts';
import { INDIRECT_SEGMENTS_MAX } from './core/limits.ts';

/** What the toolstack wrote of a device. */
export interface DeviceKeys {
  readonly frontend: string;
  readonly frontendId: number;
  readonly params: string;
  readonly mode: string;
  readonly isCdrom: boolean;
  readonly isRemovable: boolean;
  readonly rate: RateLimits;
}

/** What a frontend wrote of one of its rings. */
export interface RingKeys {
  readonly ringRefs: readonly number[];
  readonly eventChannel: number;
}

/** What a back end takes at most. */
export interface RingsOffered {
  readonly queuesMax: number;
  /** A ring's pages, as their order. */
  readonly orderMax: number;
}

export interface FrontKeys {
  readonly protocol: Protocol;
  readonly rings: readonly RingKeys[];
}

/** A rate a second, 0 if there is no node. EINVAL for what is none. */
async function rate(nodes: Nodes, path: string): Promise<Result<number>> {
  const value = await readText(nodes, path);
  if (!value.ok) return value;
  const found = Number(value.value ?? 0);
  if (/^[0-9]{1,13}$/.test(value.value ?? '0') && found <= RATE_MAX) return ok(found);
  return fail('EINVAL', `${path} is '${value.value?.slice(0, 40)}', no rate`);
}

export async function readDevice(nodes: Nodes, path: string): Promise<Result<DeviceKeys>> {
  const names = ['frontend', 'params', 'mode', 'device-type', 'removable'];
  const [frontendId, bytes, operations, ...values] = await Promise.all([
    neededNumber(nodes, `${path}/frontend-id`),
    rate(nodes, `${path}/xtl-rate-bytes`),
    rate(nodes, `${path}/xtl-rate-iops`),
    ...names.map((name) => readText(nodes, `${path}/${name}`)),
  ]);
  if (!frontendId.ok) return frontendId;
  if (!bytes.ok) return bytes;
  if (!operations.ok) return operations;
  const wrong = values.find((value) => !value.ok);
  if (wrong !== undefined && !wrong.ok) return wrong;
  const [frontend, params = '', mode = 'r', type, removable] = values.map((value) =>
    value.ok ? value.value : undefined,
  );
  if (frontend === undefined) return fail('ENOENT', `${path}/frontend is missing`);
  return ok({
    ...{ frontend, frontendId: frontendId.value, params, mode },
    ...{ isCdrom: type === 'cdrom', isRemovable: removable === '1' },
    rate: { bytes: bytes.value, operations: operations.value },
  });
}

/** What the device is and can do: before its frontend looks, and again before it is told to. */
export function offered(
  path: string,
  keys: DeviceKeys,
  shape: BlockShape,
  { queuesMax, orderMax }: RingsOffered,
): readonly NodeToWrite[] {
  const { sectorBytes, canDiscard, canDiscardSecurely } = shape;
  const canFlush = shape.cannotFlush ? 0 : 1;
  const names: Record<string, number> = {
    // Ours alone: that `refresh` is understood (refresh.ts).
    'feature-refresh': 1,
    'feature-flush-cache': canFlush,
    'feature-barrier': canFlush,
    'feature-max-indirect-segments': INDIRECT_SEGMENTS_MAX,
    // A predecessor in the kernel may have said otherwise; who connects anew must not believe it.
    'feature-persistent': 0,
    'multi-queue-max-queues': queuesMax,
    'max-ring-page-order': orderMax,
    'feature-discard': canDiscard ? 1 : 0,
    ...(canDiscard && {
      'discard-granularity': Math.max(4096, sectorBytes),
      'discard-alignment': 0,
      'discard-secure': canDiscardSecurely ? 1 : 0,
    }),
  };
  return [...numbers(path, names), ...measured(path, keys, shape)];
}

/** Of it what another medium, or a look at its size, may change. */
export function measured(
  path: string,
  { isCdrom, isRemovable }: DeviceKeys,
  { sectors, sectorBytes, isReadOnly }: BlockShape,
): readonly NodeToWrite[] {
  const info =
    (isCdrom ? VDISK_CDROM : 0) |
    (isRemovable ? VDISK_REMOVABLE : 0) |
    (isReadOnly ? VDISK_READONLY : 0);
  const names = { sectors, info, 'sector-size': sectorBytes };
  return numbers(path, { ...names, 'physical-sector-size': Math.max(4096, sectorBytes) });
}

function numbers(path: string, values: Readonly<Record<string, number>>): readonly NodeToWrite[] {
  return Object.entries(values).map(([name, value]) => ({
    path: `${path}/${name}`,
    value: String(value),
  }));
}

/**
 * One ring's references, by names that end in a number unless there is one page only. All are asked
 * for together.
 */
async function readRing(nodes: Nodes, path: string, pages: number): Promise<Result<RingKeys>> {
  const names = Array.from({ length: pages }, (_, i) => `ring-ref${i}`);
  const [only, eventChannel, ...all] = await Promise.all([
    readNumber(nodes, `${path}/ring-ref`),
    neededNumber(nodes, `${path}/event-channel`),
    ...names.map((name) => readNumber(nodes, `${path}/${name}`)),
  ]);
  if (!only.ok) return only;
  const ringRefs: number[] = [];
  for (const [i, found] of all.entries()) {
    if (!found.ok) return found;
    // Some write the one page of theirs as if there were more.
    const gref = pages === 1 ? (only.value ?? found.value) : found.value;
    const name = pages === 1 ? 'ring-ref' : names[i];
    if (gref === undefined) return fail('ENOENT', `${path}/${name} is missing`);
    ringRefs.push(gref);
  }
  return eventChannel.ok ? ok({ ringRefs, eventChannel: eventChannel.value }) : eventChannel;
}

async function hasQueue(nodes: Nodes, path: string): Promise<boolean> {
  const there = await nodes.exists(`${path}/queue-0`);
  return there.ok && there.value;
}

/** How a frontend lays its rings out. EINVAL: in a way that nobody has offered. */
function ringsOf(
  { queuesMax, orderMax }: RingsOffered,
  order: number | undefined,
  pages: number | undefined,
  queues: number | undefined,
): Result<{ readonly ringPages: number; readonly count: number }> {
  const ringPages = order === undefined ? (pages ?? 1) : 2 ** order;
  const isPower = ringPages > 0 && (ringPages & (ringPages - 1)) === 0;
  if (!isPower || ringPages > 2 ** orderMax) {
    return fail('EINVAL', `a ring of ${ringPages} pages`);
  }
  const count = queues ?? 1;
  if (count === 0 || count > queuesMax) return fail('EINVAL', `${count} rings`);
  return ok({ ringPages, count });
}

/**
 * What a frontend wrote of its rings: in one round trip to the store if it is one of one page, else
 * in two. EINVAL, ENOENT: it makes none.
 */
export async function readFront(
  nodes: Nodes,
  path: string,
  offered: RingsOffered,
): Promise<Result<FrontKeys>> {
  const deepPath = (i: number): string => `${path}/queue-${i}`;
  const [protocolName, order, pages, queues, hasDeep, flat, deep] = await Promise.all([
    readText(nodes, `${path}/protocol`),
    readNumber(nodes, `${path}/ring-page-order`),
    readNumber(nodes, `${path}/num-ring-pages`),
    readNumber(nodes, `${path}/multi-queue-num-queues`),
    hasQueue(nodes, path),
    readRing(nodes, path, 1),
    readRing(nodes, deepPath(0), 1),
  ]);
  if (!protocolName.ok) return protocolName;
  if (!order.ok) return order;
  if (!pages.ok) return pages;
  if (!queues.ok) return queues;
  const protocol = protocolOf(protocolName.value);
  if (protocol === undefined) return fail('EINVAL', `a protocol '${protocolName.value}'`);
  const layout = ringsOf(offered, order.value, pages.value, queues.value);
  if (!layout.ok) return layout;
  const { ringPages, count } = layout.value;
  // Linux writes the keys of one ring as if it knew no others; not everybody who counts it does.
  const isFlat = count === 1 && !hasDeep;
  const only = isFlat ? flat : deep;
  const all =
    count === 1 && ringPages === 1
      ? [only]
      : await Promise.all(
          Array.from({ length: count }, (_, i) =>
            readRing(nodes, isFlat ? path : deepPath(i), ringPages),
          ),
        );
  const rings: RingKeys[] = [];
  for (const ring of all) {
    if (!ring.ok) return ring;
    rings.push(ring.value);
  }
  return ok({ protocol, rings });
}
