import { describe, expect, it } from 'vitest';
import * as make from '../../test/net/frames.ts';
import { type Prng, prng } from '../core/prng.ts';
import {
  checksumOf,
  fold,
  pseudoSum,
  replaceU16,
  replaceU32,
  sumOf,
  updated,
  updatedSum,
} from './checksum.ts';
import { completeChecksum, csumStartOf, flagsOf, shiftHeader } from './offload.ts';

const randomBytes = (random: Prng, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => (random.chance(0.3) ? 0xff : random.below(256)));

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

it.each(SEEDS)('is what a plain sum says, seed %i', (seed) => {
  const random = prng(seed);
  for (let i = 0; i < 200; i++) {
    const bytes = randomBytes(random, random.below(200));
    const at = random.below(bytes.length + 1);
    expect(checksumOf(bytes, at, bytes.length)).toBe(make.naiveChecksum([...bytes.slice(at)]));
  }
});

it('of a frame of 64 KiB of ones does not run over', () => {
  const bytes = new Uint8Array(131_070).fill(0xff);
  expect(fold(sumOf(bytes, 0, bytes.length, 0))).toBe(0xffff);
  expect(checksumOf(bytes, 0, 65_535)).toBe(make.naiveChecksum([...bytes.slice(0, 65_535)]));
});

it.each(SEEDS)('follows a change as if it were counted anew, seed %i', (seed) => {
  const random = prng(seed + 100);
  for (let i = 0; i < 500; i++) {
    const bytes = randomBytes(random, 2 + 2 * (1 + random.below(20)));
    const anew = (): number => checksumOf(bytes, 2, bytes.length);
    const sum = anew();
    bytes[0] = sum >>> 8;
    bytes[1] = sum;
    const value = random.chance(0.3) ? 0xffff * random.below(2) : random.next() >>> 0;
    const isWide = bytes.length >= 6 && random.chance(0.5);
    const at = 2 + 2 * random.below((bytes.length - (isWide ? 4 : 2)) / 2);
    if (isWide) replaceU32(bytes, at, value, 0);
    else replaceU16(bytes, at, value & 0xffff, 0);
    // All ones say that it is right; zero does, too, where all is zero, as no packet is.
    const isZero = bytes.every((byte) => byte === 0);
    expect(fold(sumOf(bytes, 0, bytes.length, 0))).toBe(isZero ? 0 : 0xffff);
  }
});

it.each([
  ['RFC 1624 4: to zero in the complement', 0xdd2f, 0x5555, 0x3285, 0x0000],
  ['nothing changes', 0x1234, 7, 7, 0x1234],
])('%s', (_, sum, from, to, want) => {
  expect(updated(sum, from, to)).toBe(want);
});

it.each(SEEDS)('a sum that is not inverted follows, too, seed %i', (seed) => {
  const random = prng(seed);
  for (let i = 0; i < 500; i++) {
    const [a, b, c] = [random.below(65536), random.below(65536), random.below(65536)];
    expect(updatedSum(fold(a + b), b, c) % 65535).toBe((a + c) % 65535);
  }
});

describe('completing what was left blank', () => {
  const ip = { from: '10.0.0.1', to: '10.0.0.2' };
  const frame = (protocol: number, body: make.Bytes, sum: make.Sum): make.Bytes =>
    make.ether(
      '00:16:3e:00:00:01',
      '00:16:3e:00:00:02',
      make.IPV4,
      make.packet4({ ...ip, protocol, sum }, body),
    );

  it.each([
    ['TCP', make.TCP, make.tcp(1, 2, 16, [1, 2, 3]), 16],
    ['UDP', make.UDP, make.udp(1, 2, [9, 8, 7, 6, 5]), 6],
  ])('%s', (_, protocol, body, offset) => {
    const bytes = make.offloaded(frame(protocol, body, 'blank'), { csum: [34, offset] });
    expect(completeChecksum(bytes, 0, bytes.length)).toBe(true);
    const want = make.offloaded(frame(protocol, body, 'right'), { flags: 2 });
    expect([...bytes]).toEqual([...want]);
  });

  it('UDP whose sum is zero says so with ones', () => {
    const body = make.udp(1, 2, [0, 0]);
    const blank = frame(make.UDP, body, 'blank');
    const first = 65_535 - make.naiveChecksum([...blank.slice(34)]);
    const sum = [...blank.slice(0, 42), ...make.be16(65_535 - first)];
    const bytes = make.offloaded(sum, { csum: [34, 6] });
    completeChecksum(bytes, 0, bytes.length);
    expect([bytes[50], bytes[51]]).toEqual([0xff, 0xff]);
  });

  it('outside its frame: nothing', () => {
    const bytes = make.offloaded(frame(make.UDP, make.udp(1, 2), 'blank'), { csum: [34, 7] });
    const before = [...bytes];
    expect(completeChecksum(bytes, 0, bytes.length)).toBe(false);
    expect([...bytes]).toEqual(before);
  });

  it('that nobody asks for is left alone', () => {
    const bytes = make.offloaded(frame(make.UDP, make.udp(1, 2), 'none'));
    const before = [...bytes];
    expect(completeChecksum(bytes, 0, bytes.length)).toBe(true);
    expect([...bytes]).toEqual(before);
  });
});

it('a header counts on where bytes come in front', () => {
  const bytes = make.offloaded([], { csum: [34, 6], headers: 42 });
  shiftHeader(bytes, 0, 4);
  expect([flagsOf(bytes, 0), csumStartOf(bytes, 0), bytes[2]]).toEqual([1, 38, 46]);
  const none = make.offloaded([]);
  shiftHeader(none, 0, 4);
  expect([...none]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

it('a pseudo header is summed as it lies', () => {
  const addresses = [...make.be32(make.ip4('10.0.0.1')), ...make.be32(make.ip4('10.0.0.2'))];
  const sum = pseudoSum(Uint8Array.from(addresses), 0, 4, 17, 300);
  expect(65_535 - sum).toBe(make.naiveChecksum([...addresses, 0, 17, ...make.be16(300)]));
});
