/** Whether a frame's checksums are right, by RFC 1071 and pseudo headers: for tests. */

const word = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/** The ones' complement sum of all 16-bit words. */
export function sumOf(bytes: Uint8Array, first = 0): number {
  let sum = first;
  for (let at = 0; at < bytes.length; at += 2) sum += word(bytes, at);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 65_536);
  return sum;
}

export interface Layers {
  /** EtherTypes in front of the last one. */
  readonly tags: readonly number[];
  readonly protocol: number;
  /** Where IP begins, and what is behind it. */
  readonly ipAt: number;
  readonly payloadAt: number;
  readonly payload: Uint8Array;
  readonly pseudoHeader: Uint8Array;
}

/** Undefined: it is no IPv4 and no IPv6 without extension headers. */
export function layersOf(frame: Uint8Array): Layers | undefined {
  const tags: number[] = [];
  let at = 12;
  for (; word(frame, at) === 0x8100; at += 4) tags.push(word(frame, at + 2));
  const ipAt = at + 2;
  const type = word(frame, at);
  if (type === 0x0800) {
    const payloadAt = ipAt + ((frame[ipAt] ?? 0) & 15) * 4;
    const payload = frame.subarray(payloadAt, ipAt + word(frame, ipAt + 2));
    const protocol = frame[ipAt + 9] ?? 0;
    const lengths = [0, protocol, payload.length >> 8, payload.length & 0xff];
    const pseudoHeader = Uint8Array.from([...frame.subarray(ipAt + 12, ipAt + 20), ...lengths]);
    return { tags, protocol, ipAt, payloadAt, payload, pseudoHeader };
  }
  if (type !== 0x86dd) return undefined;
  const payloadAt = ipAt + 40;
  const payload = frame.subarray(payloadAt, payloadAt + word(frame, ipAt + 4));
  const protocol = frame[ipAt + 6] ?? 0;
  const { length } = payload;
  const rest = [length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
  const pseudoHeader = Uint8Array.from([
    ...frame.subarray(ipAt + 8, ipAt + 40),
    ...[...rest, 0, 0, 0, protocol],
  ]);
  return { tags, protocol, ipAt, payloadAt, payload, pseudoHeader };
}

/** Whether TCP's, UDP's or ICMPv6's checksum is right. */
export function isRight({ payload, pseudoHeader }: Layers): boolean {
  return sumOf(payload, sumOf(pseudoHeader)) === 0xffff;
}
