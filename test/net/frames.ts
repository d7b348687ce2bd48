/** Frames for tests, put together layer by layer, with sums of their own. */

import { parseIp4, parseIp6 } from '../../shared/net/address-text.ts';
import { parseMac } from '../../shared/net/mac-text.ts';

export type Bytes = readonly number[];

export const be16 = (value: number): Bytes => [(value >>> 8) & 0xff, value & 0xff];
export const be32 = (value: number): Bytes => [...be16(value >>> 16), ...be16(value)];
export const mac = (text: string): Bytes => [...(parseMac(text) as Uint8Array)];
export const ip4 = (text: string): number => parseIp4(text) as number;
export const ip6 = (text: string): Bytes => [...(parseIp6(text) as Uint8Array)];

/** The Internet's checksum, as slowly and plainly as it can be said. */
export function naiveChecksum(bytes: Bytes): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += (bytes[i] as number) * 256 + (bytes[i + 1] ?? 0);
    if (sum > 65535) sum -= 65535;
  }
  return 65535 - sum;
}

export const UDP = 17;
export const TCP = 6;
export const ICMP = 1;
export const ICMP6 = 58;

/** Where each protocol has its checksum. */
const CHECKSUMS: Readonly<Record<number, number>> = { [TCP]: 16, [UDP]: 6, [ICMP]: 2, [ICMP6]: 2 };

/** `blank`: the sum of the pseudo header alone, as in front of an offload. `none`: zero. */
export type Sum = 'right' | 'blank' | 'none';

function summed(protocol: number, pseudo: Bytes, body: Bytes, sum: Sum): Bytes {
  const at = CHECKSUMS[protocol];
  if (at === undefined || sum === 'none' || body.length < at + 2) return body;
  const with0 = [...body.slice(0, at), 0, 0, ...body.slice(at + 2)];
  const own = protocol === ICMP ? [] : pseudo;
  const value =
    sum === 'blank' ? 65535 - naiveChecksum(own) : naiveChecksum([...own, ...with0]) || 65535;
  return [...body.slice(0, at), ...be16(value), ...body.slice(at + 2)];
}

export interface Ip4 {
  readonly from: string;
  readonly to: string;
  readonly protocol: number;
  readonly ttl?: number;
  readonly id?: number;
  /** Flags and offset, as the word is. */
  readonly fragment?: number;
  readonly options?: Bytes;
  readonly sum?: Sum;
}

export function packet4(ip: Ip4, body: Bytes): Bytes {
  const options = ip.options ?? [];
  const words = 5 + options.length / 4;
  const head = (checksum: number): Bytes => [
    ...[0x40 | words, 0, ...be16(words * 4 + body.length), ...be16(ip.id ?? 0)],
    ...[...be16(ip.fragment ?? 0), ip.ttl ?? 64, ip.protocol, ...be16(checksum)],
    ...[...be32(ip4(ip.from)), ...be32(ip4(ip.to)), ...options],
  ];
  const pseudo = [...be32(ip4(ip.from)), ...be32(ip4(ip.to)), 0, ip.protocol];
  const whole = summed(ip.protocol, [...pseudo, ...be16(body.length)], body, ip.sum ?? 'right');
  return [...head(naiveChecksum(head(0))), ...whole];
}

export interface Ip6 {
  readonly from: string;
  readonly to: string;
  readonly protocol: number;
  readonly hops?: number;
  /** In front of the body, with the number of the first one. */
  readonly extensions?: { readonly first: number; readonly bytes: Bytes };
  readonly sum?: Sum;
}

export function packet6(ip: Ip6, body: Bytes): Bytes {
  const { from, to, protocol, extensions } = ip;
  const pseudo = [...ip6(from), ...ip6(to), ...be32(body.length), 0, 0, 0, protocol];
  const whole = [
    ...(extensions?.bytes ?? []),
    ...summed(protocol, pseudo, body, ip.sum ?? 'right'),
  ];
  const next = extensions?.first ?? protocol;
  return [
    ...[0x60, 0, 0, 0, ...be16(whole.length), next, ip.hops ?? 64],
    ...[...ip6(from), ...ip6(to), ...whole],
  ];
}

export const udp = (from: number, to: number, payload: Bytes = []): Bytes => [
  ...[...be16(from), ...be16(to), ...be16(8 + payload.length), 0, 0, ...payload],
];

export const tcp = (from: number, to: number, flags: number, payload: Bytes = []): Bytes => [
  ...[...be16(from), ...be16(to), ...be32(1), ...be32(2), 0x50, flags, ...be16(1000)],
  ...[0, 0, 0, 0, ...payload],
];

export const icmp = (type: number, code: number, word: number, payload: Bytes = []): Bytes => [
  ...[type, code, 0, 0, ...be32(word), ...payload],
];

export const arp = (
  operation: number,
  sender: readonly [string, string],
  target: readonly [string, string],
): Bytes => [
  ...[0, 1, 8, 0, 6, 4, ...be16(operation), ...mac(sender[0]), ...be32(ip4(sender[1]))],
  ...[...mac(target[0]), ...be32(ip4(target[1]))],
];

export const IPV4 = 0x0800;
export const IPV6 = 0x86dd;
export const ARP = 0x0806;

/** `tags` are whole words behind their EtherTypes. */
export const ether = (
  to: string,
  from: string,
  type: number,
  body: Bytes,
  tags: Bytes = [],
): Bytes => [...mac(to), ...mac(from), ...tags, ...be16(type), ...body];

export const tag = (vlan: number, type = 0x8100): Bytes => [...be16(type), ...be16(vlan)];

export interface Offload {
  readonly flags?: number;
  readonly gso?: readonly [number, number];
  readonly csum?: readonly [number, number];
  readonly headers?: number;
}

const le16 = (value: number): Bytes => [value & 0xff, value >>> 8];

/** With its virtio_net_hdr in front. */
export const offloaded = (frame: Bytes, offload: Offload = {}): Uint8Array => {
  const { gso = [0, 0], csum, headers = 0 } = offload;
  const flags = offload.flags ?? (csum === undefined ? 0 : 1);
  const [start, offset] = csum ?? [0, 0];
  return Uint8Array.from([
    ...[flags, gso[0], ...le16(headers), ...le16(gso[1]), ...le16(start), ...le16(offset)],
    ...frame,
  ]);
};
