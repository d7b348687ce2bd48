/** Frames of TCP and UDP whose checksums are left blank, with virtio headers. */

import { NET_HEADER_BYTES } from '../../shared/platform/net-io.ts';

const ETHER = NET_HEADER_BYTES;
const L3 = ETHER + 14;

/** The ones' complement sum of 16-bit words, folded; all ones where a checksum is right. */
function sumOf(bytes: Buffer, from: number, end: number, sum = 0): number {
  let total = sum;
  for (let at = from; at < end; at += 2) {
    total += at + 1 < end ? bytes.readUInt16BE(at) : (bytes[at] as number) << 8;
  }
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x1_0000);
  return total;
}

function putIpv4(bytes: Buffer, protocol: number, from: number[], to: number[]): void {
  bytes.writeUInt16BE(0x0800, ETHER + 12);
  bytes[L3] = 0x45;
  bytes.writeUInt16BE(bytes.length - L3, L3 + 2);
  bytes.writeUInt16BE(0x4000, L3 + 6);
  bytes[L3 + 8] = 64;
  bytes[L3 + 9] = protocol;
  bytes.set([...from, ...to], L3 + 12);
  bytes.writeUInt16BE(0xffff - sumOf(bytes, L3, L3 + 20), L3 + 10);
}

function putIpv6(bytes: Buffer, protocol: number): void {
  bytes.writeUInt16BE(0x86dd, ETHER + 12);
  bytes[L3] = 0x60;
  bytes.writeUInt16BE(bytes.length - L3 - 40, L3 + 4);
  bytes[L3 + 6] = protocol;
  bytes[L3 + 7] = 64;
  bytes.write('fd000000000000000000000000000001', L3 + 8, 'hex');
  bytes.write('fd000000000000000000000000000002', L3 + 24, 'hex');
}

function askChecksum(bytes: Buffer, l4: number, field: number): void {
  bytes[0] = 1;
  bytes.writeUInt16LE(l4 - ETHER, 6);
  bytes.writeUInt16LE(field, 8);
}

/** TCP with so many bytes of payload, to be cut into segments of `size`. */
export function tcpFrame(version: 4 | 6, payload: number, size: number): Buffer {
  const headers = version === 4 ? 20 : 40;
  // All of it together is counted by 16 bits, of IPv6 without its header.
  const l4 = L3 + headers;
  const bytes = Buffer.alloc(l4 + 20 + payload - (version === 4 ? 0 : 20));
  bytes.write('020000000002020000000001', ETHER, 'hex');
  for (let i = l4 + 20; i < bytes.length; i++) bytes[i] = i * 31;
  bytes[1] = version === 4 ? 1 : 4;
  bytes.writeUInt16LE(headers + 14 + 20, 2);
  bytes.writeUInt16LE(size, 4);
  if (version === 4) putIpv4(bytes, 6, [10, 9, 0, 1], [10, 9, 0, 2]);
  else putIpv6(bytes, 6);
  bytes.writeUInt16BE(4000, l4);
  bytes.writeUInt16BE(5000, l4 + 2);
  bytes[l4 + 12] = 0x50;
  bytes[l4 + 13] = 0x10;
  bytes.writeUInt16BE(pseudoSum(bytes, version, 6, l4), l4 + 16);
  askChecksum(bytes, l4, 16);
  return bytes;
}

function pseudoSum(bytes: Buffer, version: 4 | 6, protocol: number, l4: number): number {
  const addresses = version === 4 ? L3 + 12 : L3 + 8;
  return sumOf(bytes, addresses, l4, protocol + bytes.length - l4);
}

/** UDP over IPv4. */
export function udpFrame(
  mac: Uint8Array,
  from: number[],
  to: number[],
  port: number,
  payload: Buffer,
): Buffer {
  const l4 = L3 + 20;
  const bytes = Buffer.alloc(l4 + 8 + payload.length);
  bytes.set(mac, ETHER);
  bytes.write('020000000001', ETHER + 6, 'hex');
  putIpv4(bytes, 17, from, to);
  bytes.writeUInt16BE(9, l4);
  bytes.writeUInt16BE(port, l4 + 2);
  bytes.writeUInt16BE(bytes.length - l4, l4 + 4);
  bytes.set(payload, l4 + 8);
  bytes.writeUInt16BE(pseudoSum(bytes, 4, 17, l4), l4 + 6);
  askChecksum(bytes, l4, 6);
  return bytes;
}

/** Of a frame of UDP over IPv4: all ones if its checksum is right. */
export function udpSum(bytes: Buffer): number {
  const l4 = L3 + 20;
  const end = l4 + bytes.readUInt16BE(l4 + 4);
  return sumOf(bytes, l4, end, sumOf(bytes, L3 + 12, L3 + 20, 17 + end - l4));
}
