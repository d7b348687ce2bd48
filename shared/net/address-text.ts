/** IP addresses as text: IPv4 as a u32 and in four parts, IPv6 in 16 bytes and as RFC 5952 says. */

const PART4 = /^(0|[1-9][0-9]{0,2})$/;

/** Undefined: it is no address. No leading zeros, which some read as octal. */
export function parseIp4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let address = 0;
  for (const part of parts) {
    const value = PART4.test(part) ? Number(part) : 256;
    if (value > 255) return undefined;
    address = address * 256 + value;
  }
  return address;
}

export function formatIp4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

const PART6 = /^[0-9a-f]{1,4}$/i;

/** 16 bytes; undefined: it is no address. */
export function parseIp6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, i) => wordsOf(half, i === halves.length - 1));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  // Two colons stand for one word of zeros at least.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const words = [...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])];
  return Uint8Array.from(words.flatMap((word) => [word >>> 8, word & 0xff]));
}

/** The last part of all may be an IPv4 address. */
function wordsOf(text: string, isLast: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const words: number[] = [];
  for (const [i, part] of parts.entries()) {
    const four = isLast && i === parts.length - 1 ? parseIp4(part) : undefined;
    if (four !== undefined) words.push(four >>> 16, four & 0xffff);
    else if (PART6.test(part)) words.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return words;
}

/** Of the 16 bytes at `at`: the first longest run of zero words is two colons. */
export function formatIp6(bytes: Uint8Array, at: number): string {
  const words = Array.from(
    { length: 8 },
    (_, i) => ((bytes[at + 2 * i] as number) << 8) | (bytes[at + 2 * i + 1] as number),
  );
  let [from, run] = [0, 1];
  for (let i = 0; i < 8; i++) {
    let zeros = 0;
    while (i + zeros < 8 && words[i + zeros] === 0) zeros++;
    if (zeros > run) [from, run] = [i, zeros];
  }
  const text = (part: readonly number[]): string => part.map((word) => word.toString(16)).join(':');
  if (run < 2) return text(words);
  return `${text(words.slice(0, from))}::${text(words.slice(from + run))}`;
}

/** Of IPv4 or IPv6, with how many of its bits count. */
export interface Cidr {
  /** Four or 16 bytes. */
  readonly address: Uint8Array;
  readonly bits: number;
}

/** `10.0.0.0/8`, `fd00::/8`, or an address alone, all of whose bits count. */
export function parseCidr(text: string): Cidr | undefined {
  const [name = '', length, ...rest] = text.split('/');
  const four = parseIp4(name);
  const address =
    four === undefined
      ? parseIp6(name)
      : Uint8Array.of(four >>> 24, (four >>> 16) & 0xff, (four >>> 8) & 0xff, four & 0xff);
  if (address === undefined || rest.length > 0) return undefined;
  const most = address.length * 8;
  if (length === undefined) return { address, bits: most };
  if (!PART4.test(length) || Number(length) > most) return undefined;
  return { address, bits: Number(length) };
}

export function formatCidr({ address, bits }: Cidr): string {
  const most = address.length * 8;
  const text = address.length === 4 ? [...address].join('.') : formatIp6(address, 0);
  return bits === most ? text : `${text}/${bits}`;
}

/** Whether the address at `at`, of the same family, is in it. */
export function isWithin({ address, bits }: Cidr, bytes: Uint8Array, at: number): boolean {
  const whole = bits >>> 3;
  for (let i = 0; i < whole; i++) if (bytes[at + i] !== address[i]) return false;
  const mask = (0xff00 >>> (bits & 7)) & 0xff;
  return mask === 0 || (((bytes[at + whole] as number) ^ (address[whole] as number)) & mask) === 0;
}
