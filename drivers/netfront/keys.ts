/** The nodes of a vif's two ends, as its front end reads and writes them (io/netif.h). */

import { fail, ok, type Result } from '../../shared/core/result.ts';
import { parseMac } from '../../shared/net/mac-text.ts';
import type { Nodes, NodeToWrite } from '../../shared/xenstore/nodes.ts';
import { MTU_MAX, MTU_MIN, MTU_USUAL } from './core/limits.ts';
import type { Abilities } from './core/rings.ts';

/** undefined: there is no such node. */
async function text(nodes: Nodes, path: string): Promise<Result<string | undefined>> {
  const value = await nodes.readString(path);
  if (value.ok) return value;
  return value.error.errno === 'ENOENT' ? ok(undefined) : value;
}

/** Whether nodes say 1; undefined: there is no such node. */
async function flags<K extends string>(
  nodes: Nodes,
  path: string,
  names: readonly K[],
): Promise<Result<Partial<Record<K, boolean>>>> {
  const all = await Promise.all(names.map((name) => text(nodes, `${path}/${name}`)));
  const found: Partial<Record<K, boolean>> = {};
  for (const [i, value] of all.entries()) {
    if (!value.ok) return value;
    if (value.value !== undefined) found[names[i] as K] = value.value === '1';
  }
  return ok(found);
}

export interface VifShape {
  readonly mac: Uint8Array;
  readonly mtu: number;
}

/** What the toolstack says of the vif. EPROTO: no address. */
export async function readShape(nodes: Nodes, path: string): Promise<Result<VifShape>> {
  const [mac, mtu] = await Promise.all([text(nodes, `${path}/mac`), text(nodes, `${path}/mtu`)]);
  if (!mac.ok) return mac;
  if (!mtu.ok) return mtu;
  const address = parseMac(mac.value ?? '');
  if (address === undefined) return fail('EPROTO', `${path}/mac is no address`);
  const said = mtu.value ?? String(MTU_USUAL);
  if (!/^[0-9]{1,5}$/.test(said) || Number(said) < MTU_MIN) {
    return fail('EPROTO', `${path}/mtu is '${said.slice(0, 40)}'`);
  }
  return ok({ mac: address, mtu: Math.min(Number(said), MTU_MAX) });
}

/** Whether the back end has an event channel for each ring. EOPNOTSUPP: it flips pages. */
export async function readSplit(nodes: Nodes, back: string): Promise<Result<boolean>> {
  const found = await flags(nodes, back, ['feature-rx-copy', 'feature-split-event-channels']);
  if (!found.ok) return found;
  if (!found.value['feature-rx-copy']) return fail('EOPNOTSUPP', `${back} copies no frames`);
  return ok(found.value['feature-split-event-channels'] ?? false);
}

/** What the back end takes, once it is connected. */
export async function readAbilities(nodes: Nodes, back: string): Promise<Result<Abilities>> {
  const found = await flags(nodes, back, [
    ...(['feature-sg', 'feature-gso-tcpv4', 'feature-gso-tcpv6'] as const),
    ...(['feature-no-csum-offload', 'feature-ipv6-csum-offload'] as const),
  ]);
  if (!found.ok) return found;
  const says = found.value;
  return ok({
    sg: says['feature-sg'] ?? false,
    gso4: says['feature-gso-tcpv4'] ?? false,
    gso6: says['feature-gso-tcpv6'] ?? false,
    checksum4: !(says['feature-no-csum-offload'] ?? false),
    checksum6: says['feature-ipv6-csum-offload'] ?? false,
  });
}

export interface RingKeys {
  readonly sendRef: number;
  readonly receiveRef: number;
  /** One and the same where the back end has not split them. */
  readonly sendPort: number;
  readonly receivePort: number;
}

/** What a front end tells of its rings, and that it takes all that there is. */
export function ringKeys(path: string, keys: RingKeys): readonly NodeToWrite[] {
  const { sendRef, receiveRef, sendPort, receivePort } = keys;
  const ports: Readonly<Record<string, number>> =
    sendPort === receivePort
      ? { 'event-channel': sendPort }
      : { 'event-channel-tx': sendPort, 'event-channel-rx': receivePort };
  const values = {
    ...{ 'tx-ring-ref': sendRef, 'rx-ring-ref': receiveRef, ...ports },
    ...{ 'request-rx-copy': 1, 'feature-rx-notify': 1, 'feature-sg': 1 },
    ...{ 'feature-gso-tcpv4': 1, 'feature-gso-tcpv6': 1, 'feature-ipv6-csum-offload': 1 },
  };
  return Object.entries(values).map(([name, value]) => ({
    path: `${path}/${name}`,
    value: String(value),
  }));
}

/** Keys that a front end before us may have left, and that would say otherwise. */
export const otherKeys = (isSplit: boolean): readonly string[] => [
  ...(isSplit ? ['event-channel'] : ['event-channel-tx', 'event-channel-rx']),
  ...['multi-queue-num-queues', 'ctrl-ring-ref', 'feature-no-csum-offload'],
];
