/** The nodes of a vif's two ends (io/netif.h @ RELEASE-4.17.0). */

import { neededNumber, readNumber, readText } from '../../shared/backend/nodes.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { Nodes, NodeToWrite } from '../../shared/xenstore/nodes.ts';
import { HEADROOM_MAX } from './core/limits.ts';
import { parseShaping } from './core/shaping.ts';
import type { Features } from './core/vif.ts';

/** What the toolstack wrote of a vif. */
export interface DeviceKeys {
  readonly frontend: string;
  readonly frontendId: number;
}

/** What a frontend wrote of one of its queues. */
export interface QueueKeys {
  readonly sendRef: number;
  readonly receiveRef: number;
  /** One and the same where it has not split them. */
  readonly sendPort: number;
  readonly receivePort: number;
}

export interface FrontKeys {
  readonly queues: readonly QueueKeys[];
  readonly control: { readonly ref: number; readonly port: number } | undefined;
  readonly can: Features;
}

/** ENOENT: there is not all of it yet. */
export async function readDevice(nodes: Nodes, path: string): Promise<Result<DeviceKeys>> {
  const [frontend, frontendId] = await Promise.all([
    readText(nodes, `${path}/frontend`),
    neededNumber(nodes, `${path}/frontend-id`),
  ]);
  if (!frontend.ok) return frontend;
  if (!frontendId.ok) return frontendId;
  if (frontend.value === undefined) return fail('ENOENT', `${path}/frontend is missing`);
  return ok({ frontend: frontend.value, frontendId: frontendId.value });
}

/** Bytes a second that a guest may send, 0 for no limit: what makes no sense is none (xenbus.c). */
export async function readRate(nodes: Nodes, path: string): Promise<Result<number>> {
  const rate = await readText(nodes, `${path}/rate`);
  if (!rate.ok) return rate;
  return ok(rate.value === undefined ? 0 : (parseShaping(rate.value) ?? 0));
}

/**
 * Whether a frontend may be connected: the node is there where a script is to connect the vif
 * first, and says so then (vif-common.sh @ RELEASE-4.17.0; hotplug_status_changed in xenbus.c of
 * xen-netback @ v6.12).
 */
export async function isPluggedIn(nodes: Nodes, path: string): Promise<boolean> {
  const status = await readText(nodes, `${path}/hotplug-status`);
  return status.ok && (status.value === undefined || status.value === 'connected');
}

/** What Linux's backend offers (netback_probe in xenbus.c @ v6.12), and that there is a link. */
export function offered(path: string, queuesMax: number): readonly NodeToWrite[] {
  const values = {
    'feature-sg': 1,
    'feature-gso-tcpv4': 1,
    'feature-gso-tcpv6': 1,
    'feature-ipv6-csum-offload': 1,
    'feature-rx-copy': 1,
    'feature-rx-flip': 0,
    'feature-multicast-control': 1,
    'feature-dynamic-multicast-control': 1,
    'feature-split-event-channels': 1,
    'feature-ctrl-ring': 1,
    'multi-queue-max-queues': queuesMax,
    carrier: 1,
  };
  return Object.entries(values).map(([name, value]) => ({
    path: `${path}/${name}`,
    value: String(value),
  }));
}

/** Whether a node says 1; without one, or with anything else, what is usual. */
async function flag(nodes: Nodes, path: string, usual = false): Promise<Result<boolean>> {
  const value = await readText(nodes, path);
  if (!value.ok) return value;
  return ok(value.value === undefined ? usual : value.value === '1');
}

/** Whether the frontend wants only the multicast that it has asked for. It may change its mind. */
export const MULTICAST_NODE = 'request-multicast-control';

export const isFiltering = (nodes: Nodes, path: string): Promise<Result<boolean>> =>
  flag(nodes, `${path}/${MULTICAST_NODE}`);

async function readFeatures(nodes: Nodes, path: string): Promise<Result<Features>> {
  const [sg, gso4, gso6, cannotSum4, checksum6, rxNotify, headroom] = await Promise.all([
    flag(nodes, `${path}/feature-sg`),
    flag(nodes, `${path}/feature-gso-tcpv4`),
    flag(nodes, `${path}/feature-gso-tcpv6`),
    flag(nodes, `${path}/feature-no-csum-offload`),
    flag(nodes, `${path}/feature-ipv6-csum-offload`),
    flag(nodes, `${path}/feature-rx-notify`),
    readNumber(nodes, `${path}/xdp-headroom`),
  ]);
  if (!sg.ok) return sg;
  if (!gso4.ok) return gso4;
  if (!gso6.ok) return gso6;
  if (!cannotSum4.ok) return cannotSum4;
  if (!checksum6.ok) return checksum6;
  if (!rxNotify.ok) return rxNotify;
  if (!headroom.ok) return headroom;
  const wanted = headroom.value ?? 0;
  return ok({
    ...{ sg: sg.value, gso4: gso4.value, gso6: gso6.value, checksum4: !cannotSum4.value },
    ...{ checksum6: checksum6.value, rxNotify: rxNotify.value },
    headroom: wanted <= HEADROOM_MAX ? wanted : 0,
  });
}

async function readQueue(nodes: Nodes, path: string): Promise<Result<QueueKeys>> {
  const [sendRef, receiveRef, sendPort, receivePort] = await Promise.all([
    neededNumber(nodes, `${path}/tx-ring-ref`),
    neededNumber(nodes, `${path}/rx-ring-ref`),
    readNumber(nodes, `${path}/event-channel-tx`),
    readNumber(nodes, `${path}/event-channel-rx`),
  ]);
  if (!sendRef.ok) return sendRef;
  if (!receiveRef.ok) return receiveRef;
  if (!sendPort.ok) return sendPort;
  if (!receivePort.ok) return receivePort;
  const refs = { sendRef: sendRef.value, receiveRef: receiveRef.value };
  if (sendPort.value !== undefined && receivePort.value !== undefined) {
    return ok({ ...refs, sendPort: sendPort.value, receivePort: receivePort.value });
  }
  const port = await neededNumber(nodes, `${path}/event-channel`);
  return port.ok ? ok({ ...refs, sendPort: port.value, receivePort: port.value }) : port;
}

async function readControl(nodes: Nodes, path: string): Promise<Result<FrontKeys['control']>> {
  const ref = await readNumber(nodes, `${path}/ctrl-ring-ref`);
  if (!ref.ok) return ref;
  if (ref.value === undefined) return ok(undefined);
  const port = await neededNumber(nodes, `${path}/event-channel-ctrl`);
  return port.ok ? ok({ ref: ref.value, port: port.value }) : port;
}

/**
 * ENOENT, EINVAL: what a frontend wrote makes no rings. EOPNOTSUPP: it wants its pages flipped, as
 * none has for long.
 */
export async function readFront(
  nodes: Nodes,
  path: string,
  queuesMax: number,
): Promise<Result<FrontKeys>> {
  const [isCopying, count, can, control] = await Promise.all([
    flag(nodes, `${path}/request-rx-copy`),
    readNumber(nodes, `${path}/multi-queue-num-queues`),
    readFeatures(nodes, path),
    readControl(nodes, path),
  ]);
  if (!isCopying.ok) return isCopying;
  if (!count.ok) return count;
  if (!can.ok) return can;
  if (!control.ok) return control;
  if (!isCopying.value) return fail('EOPNOTSUPP', `${path}/request-rx-copy is not 1`);
  const wanted = count.value ?? 1;
  if (wanted === 0 || wanted > queuesMax) return fail('EINVAL', `${wanted} queues`);
  const queues: QueueKeys[] = [];
  // Of one queue the keys are where they are without any; others may be left of another kernel.
  const places =
    wanted === 1 ? [path] : Array.from({ length: wanted }, (_, i) => `${path}/queue-${i}`);
  for (const place of places) {
    const queue = await readQueue(nodes, place);
    if (!queue.ok) return queue;
    queues.push(queue.value);
  }
  return ok({ queues, control: control.value, can: can.value });
}
