/** Frames as packets of a file: checksums, tags, flags, and what does not fit. */

import { describe, expect, it } from 'vitest';
import { type Prng, prng } from '../../shared/core/prng.ts';
import type { Frame } from '../../shared/platform/capture.ts';
import { interfaceBlock, sectionBlock, statisticsBlock } from '../../shared/telemetry/pcapng.ts';
import { completeChecksum, packFrames } from '../../toolstack-cli/commands/capture-file.ts';
import { type Pcapng, readPcapng } from '../lab/pcapng-reader.ts';
import { isRight, type Layers, layersOf, sumOf } from './checksums.ts';

const [TCP, UDP] = [6, 17];
const OFFSETS = { [TCP]: 16, [UDP]: 6 };

/** A frame of IPv4 or IPv6 with noise in it, its checksum only begun, as a kernel leaves it. */
function begun(random: Prng, protocol: typeof TCP | typeof UDP, isV6: boolean, bytes: number) {
  const header = isV6 ? 40 : 20;
  const frame = Uint8Array.from({ length: 14 + header + bytes }, () => random.below(256));
  const view = new DataView(frame.buffer);
  view.setUint16(12, isV6 ? 0x86dd : 0x0800);
  if (isV6) {
    view.setUint16(18, bytes);
    frame[20] = protocol;
  } else {
    frame[14] = 0x45;
    view.setUint16(16, 20 + bytes);
    frame[23] = protocol;
  }
  const layers = layersOf(frame) as Layers;
  const checksum = { start: layers.payloadAt, offset: OFFSETS[protocol] as number };
  view.setUint16(checksum.start + checksum.offset, sumOf(layers.pseudoHeader));
  return { frame, checksum };
}

it('a checksum that was begun is made, for every protocol and length', () => {
  const random = prng(1);
  for (let round = 0; round < 400; round++) {
    const protocol = random.chance(0.5) ? TCP : UDP;
    const bytes = 20 + random.below(round % 10 === 0 ? 65_000 : 1500);
    const { frame, checksum } = begun(random, protocol, random.chance(0.5), bytes);
    expect(isRight(layersOf(frame) as Layers)).toBe(false);
    const moved = new Uint8Array(frame.length + 50);
    moved.set(frame, 50);
    expect(completeChecksum(moved, 50, frame.length, checksum)).toBe(true);
    expect(isRight(layersOf(moved.subarray(50)) as Layers), `round ${round}`).toBe(true);
  }
});

it('one of UDP is never 0, which would say that there is none', () => {
  const frame = new Uint8Array(42);
  // All that is summed is the place itself: 0xffff, whose complement is 0.
  frame.set([0xff, 0xff], 40);
  expect(completeChecksum(frame, 0, 42, { start: 34, offset: 6 })).toBe(true);
  expect([...frame.subarray(40)]).toEqual([0xff, 0xff]);
  frame.set([0xff, 0xff], 40);
  expect(completeChecksum(frame, 0, 42, { start: 24, offset: 16 })).toBe(true);
  expect([...frame.subarray(40)]).toEqual([0, 0]);
});

it('one whose place is outside is left alone', () => {
  const frame = new Uint8Array(64).fill(7);
  for (const checksum of [
    { start: 60, offset: 3 },
    { start: 65_535, offset: 65_535 },
  ]) {
    expect(completeChecksum(frame, 0, 64, checksum)).toBe(false);
  }
  expect(frame.every((byte) => byte === 7)).toBe(true);
});

const frameOf = (data: Uint8Array, more: Partial<Frame> = {}): Frame => ({
  ...{ bytes: data, at: 0, captured: data.length, length: data.length, seconds: 0 },
  ...{ nanoseconds: 0, isOutgoing: false, to: 'host', vlan: 0, checksum: undefined },
  ...{ isSegmented: false, ...more },
});

function packed(frames: readonly Frame[]): Pcapng {
  const parts = [sectionBlock('xtl'), interfaceBlock('vif1.0', 'vif 0 of größe')];
  const packets = packFrames((blocks) => void parts.push(blocks));
  for (const frame of frames) packets.add(frame);
  packets.flush();
  parts.push(statisticsBlock(1_700_000_000_123, frames.length, 2 ** 33));
  return readPcapng(Buffer.concat(parts));
}

describe('packets', () => {
  it('are read back as they were, with their times, whatever their length', () => {
    const random = prng(2);
    const frames = Array.from({ length: 500 }, (_, i) => {
      const data = Uint8Array.from({ length: i % 70 }, () => random.below(256));
      const time = { seconds: random.below(2 ** 32), nanoseconds: random.below(1_000_000_000) };
      return frameOf(data, { ...time, length: data.length + random.below(3) });
    });
    const read = packed(frames);
    expect(read).toMatchObject({
      ...{ application: 'xtl', interface: 'vif1.0', description: 'vif 0 of größe' },
      statistics: { received: 500n, dropped: 2n ** 33n },
    });
    const want = frames.map(({ bytes, length, seconds, nanoseconds }) => ({
      ...{ data: bytes, length, flags: 5 },
      ns: BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds),
    }));
    expect(read.packets).toEqual(want);
  });

  it('of more than a megabyte in all are many blocks, none of them cut', () => {
    const data = new Uint8Array(60_000).map((_, i) => i % 251);
    const frames = Array.from({ length: 50 }, () => frameOf(data));
    const { packets } = packed(frames);
    expect(packets).toHaveLength(50);
    expect(packets.every((packet) => Buffer.compare(packet.data, data) === 0)).toBe(true);
  });

  it('larger than any frame are cut, and say what they had', () => {
    const data = new Uint8Array(2 << 20).fill(3);
    const [packet] = packed([frameOf(data, { checksum: { start: 0, offset: 0 } })]).packets;
    expect(packet?.length).toBe(2 << 20);
    expect(packet?.data.length).toBeLessThan(1 << 20);
    expect(packet?.data.length).toBeGreaterThan(1_000_000);
    // 1 | 1 << 2 | 1 << 9: inbound, to us, and a checksum that could not be made.
    expect(packet?.flags).toBe(1 | (1 << 2) | (1 << 9));
  });

  it.each([
    [{ isOutgoing: true }, 2],
    [{ isOutgoing: true, isSegmented: true }, 2 | (1 << 11)],
    [{ to: 'host' }, 1 | (1 << 2)],
    [{ to: 'group' }, 1 | (2 << 2)],
    [{ to: 'all' }, 1 | (3 << 2)],
    [{ to: 'other' }, 1 | (4 << 2)],
  ] as const)('of %j have the flags %i', (more, flags) => {
    expect(packed([frameOf(new Uint8Array(60), more)]).packets[0]?.flags).toBe(flags);
  });

  it('whose tag the host took have it again, behind a checksum that counts from before', () => {
    const { frame, checksum } = begun(prng(3), TCP, false, 101);
    const vlan = 0x8100_6007;
    const [packet] = packed([frameOf(frame, { checksum, vlan })]).packets;
    expect(packet?.length).toBe(frame.length + 4);
    expect(Buffer.from(packet?.data.subarray(12, 16) ?? []).toString('hex')).toBe('81006007');
    const layers = layersOf(packet?.data ?? frame);
    expect(layers?.tags).toEqual([0x6007]);
    expect(isRight(layers as Layers)).toBe(true);
    // The frame itself is its owner's, and as it was.
    expect(isRight(layersOf(frame) as Layers)).toBe(false);
  });
});
