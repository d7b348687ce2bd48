/**
 * Which of its queues a guest gets a frame in: by the hash and the mapping that it has set
 * (Windows's receive side scaling), or by one of ours. Frames of a flow stay in their order, since
 * they go the same way.
 */

import {
  XEN_NETIF_CTRL_HASH_ALGORITHM_NONE,
  XEN_NETIF_CTRL_HASH_TYPE_IPV4,
  XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP,
  XEN_NETIF_CTRL_HASH_TYPE_IPV6,
  XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP,
} from '../../../shared/abi/netif.ts';
import { PROTOCOL_TCP } from '../../../shared/net/numbers.ts';
import { KIND_IPV4, KIND_IPV6, NONE, type Packet } from '../../../shared/net/packet.ts';
import { HASH_KEY_BYTES, HASH_MAPPING_MAX } from './limits.ts';

/** Of the longest input: two addresses of IPv6 and two ports. */
const INPUT_MAX = 36;

export interface Hash {
  algorithm: number;
  /** XEN_NETIF_CTRL_HASH_TYPE_...: what is hashed. */
  flags: number;
  readonly key: Uint8Array;
  /** Entries of the mapping; 0: the hash's remainder is the queue. */
  size: number;
  readonly mapping: Uint8Array;
  /** For each place and value of a byte its part of the hash, once there is a key. */
  table: Int32Array | undefined;
  /** Of the frame looked at last: the hash, and the number of its type; NONE: it has none. */
  value: number;
  type: number;
}

export function createHash(): Hash {
  return {
    algorithm: XEN_NETIF_CTRL_HASH_ALGORITHM_NONE,
    flags: 0,
    key: new Uint8Array(HASH_KEY_BYTES),
    size: 0,
    mapping: new Uint8Array(HASH_MAPPING_MAX),
    table: undefined,
    value: 0,
    type: NONE,
  };
}

/** The 32 bits of the key from bit `bit` on. */
function keyWindow(key: Uint8Array, bit: number): number {
  let window = 0;
  for (let i = bit; i < bit + 32; i++) {
    window = (window << 1) | (((key[i >>> 3] ?? 0) >>> (7 - (i & 7))) & 1);
  }
  return window;
}

/** After the key has changed: what each byte adds to a hash. */
export function useKey(hash: Hash): void {
  const table = hash.table ?? new Int32Array(INPUT_MAX * 256);
  hash.table = table;
  for (let place = 0; place < INPUT_MAX; place++) {
    for (let value = 1; value < 256; value++) {
      const low = value & -value;
      const at = place * 256 + value;
      // One bit has the key's from its place on; more are sums of those that are known.
      table[at] =
        low === value
          ? keyWindow(hash.key, place * 8 + Math.clz32(value) - 24)
          : (table[at - value + low] as number) ^ (table[at - low] as number);
    }
  }
}

/** Of `length` bytes at `at`, which stand at `place` of the input. */
function part(table: Int32Array, bytes: Uint8Array, at: number, length: number, place: number) {
  let value = 0;
  for (let i = 0; i < length; i++) {
    value ^= table[(place + i) * 256 + (bytes[at + i] as number)] as number;
  }
  return value;
}

/** The number of the most precise type that was asked for, of what a frame has. */
function typeOf({ flags }: Hash, { kind, protocol, l4, isFragment }: Packet): number {
  const isTcp = protocol === PROTOCOL_TCP && l4 !== NONE && isFragment === 0;
  if (kind === KIND_IPV4) {
    if (isTcp && (flags & XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP) !== 0) return 1;
    return (flags & XEN_NETIF_CTRL_HASH_TYPE_IPV4) === 0 ? NONE : 0;
  }
  if (kind !== KIND_IPV6) return NONE;
  if (isTcp && (flags & XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP) !== 0) return 3;
  return (flags & XEN_NETIF_CTRL_HASH_TYPE_IPV6) === 0 ? NONE : 2;
}

export const isHashing = ({ algorithm, flags }: Hash): boolean =>
  algorithm !== XEN_NETIF_CTRL_HASH_ALGORITHM_NONE && flags !== 0;

/** Looks at a frame: `type` and `value` are its. */
export function hashFrame(hash: Hash, packet: Packet, bytes: Uint8Array): void {
  hash.type = packet.fault === 0 && isHashing(hash) ? typeOf(hash, packet) : NONE;
  if (hash.type === NONE) return;
  // Without a key all hashes are zero (netif.h).
  if (hash.table === undefined) useKey(hash);
  const table = hash.table as Int32Array;
  const isIpv4 = packet.kind === KIND_IPV4;
  const length = isIpv4 ? 8 : 32;
  hash.value = part(table, bytes, packet.l3 + (isIpv4 ? 12 : 8), length, 0);
  if ((hash.type & 1) !== 0) hash.value ^= part(table, bytes, packet.l4, 4, length);
}

/** A flow's number, in no guest's eyes: addresses, and ports where there are any. */
function flowOf(packet: Packet, bytes: Uint8Array): number {
  if (packet.fault !== 0 || (packet.kind !== KIND_IPV4 && packet.kind !== KIND_IPV6)) return 0;
  const isIpv4 = packet.kind === KIND_IPV4;
  const at = packet.l3 + (isIpv4 ? 12 : 8);
  let flow = 0;
  for (let i = 0; i < (isIpv4 ? 8 : 32); i++) {
    flow = (Math.imul(flow, 31) + (bytes[at + i] as number)) | 0;
  }
  if (packet.isFragment === 0 && packet.sourcePort !== NONE) {
    flow = Math.imul(flow, 31) + packet.sourcePort * 65_536 + packet.targetPort;
  }
  return (Math.imul(flow, 0x9e37_79b1) >>> 16) & 0xffff;
}

/** The queue for a frame, of so many; hashFrame has looked at it. */
export function queueFor(hash: Hash, packet: Packet, bytes: Uint8Array, queues: number): number {
  if (queues === 1) return 0;
  if (hash.type === NONE) return flowOf(packet, bytes) % queues;
  const value = hash.value >>> 0;
  return hash.size === 0 ? value % queues : (hash.mapping[value % hash.size] as number) % queues;
}
