/** Frontends that cannot do everything: what others leave to them is done for them. */

import { describe, expect, it } from 'vitest';
import type { Features } from '../../../drivers/netback/core/vif.ts';
import { NETRXF_data_validated } from '../../../shared/abi/netif.ts';
import { prng } from '../../../shared/core/prng.ts';
import { createPacket } from '../../../shared/net/packet.ts';
import { parseEthernet } from '../../../shared/net/parse-frame.ts';
import { offloaded } from '../../net/frames.ts';
import { randomBytes, someFrame, tcp4, tcp6, udp4, unknown } from './frames.ts';
import { type Extra, type GuestQueue, offer, publishSent, send, takeAnswers } from './guest.ts';
import { createMemoryLink, plain } from './memory-link.ts';
import { takeReceived } from './received.ts';
import { counts, createHost, NOTHING, run, type ServedOptions, serve } from './world.ts';

const random = prng(4);

function open(options: Omit<ServedOptions, 'behind'> = {}) {
  const link = createMemoryLink();
  const served = serve(createHost(), { ...options, behind: link });
  const queue = served.guest.queues[0] as GuestQueue;
  offer(served.guest, queue, 256);
  return { link, served, queue };
}

function received(header: Uint8Array, can: Partial<Features> = {}) {
  const { link, served, queue } = open({ can });
  link.receive(header);
  run(served);
  return { frames: takeReceived(served.guest, queue), counts: counts(served) };
}

describe('a blank checksum is completed for a guest that cannot, E3.8', () => {
  const payload = randomBytes(random, 101);

  it.each([
    ['TCP, IPv4', tcp4, { checksum4: false }, [34, 16]],
    ['UDP, IPv4', udp4, { checksum4: false }, [34, 6]],
    ['TCP, IPv6', tcp6, { checksum6: false }, [54, 16]],
  ] as const)('%s', (_, make, can, csum) => {
    const header = offloaded([...make(payload, 'blank')], { csum });
    const { frames, counts } = received(header, can);
    expect(frames[0]?.frame).toEqual(make(payload));
    expect((frames[0]?.flags ?? 0) & 3).toBe(NETRXF_data_validated);
    expect(counts.checksums).toBe(1);
    // Who can do the other protocol alone is left that.
    const other = received(header, {
      checksum4: !('checksum4' in can),
      checksum6: 'checksum4' in can,
    });
    expect(other.counts.checksums).toBe(1);
  });

  it('unless it would lie outside its frame', () => {
    const header = offloaded([...udp4(payload, 'blank')], { csum: [200, 16] });
    const { frames, counts } = received(header, { checksum4: false });
    expect([frames, counts.unfit]).toEqual([[], 1]);
  });
});

/** Of a segment: the sums of its IP header, where it has one, and of TCP with its pseudo header. */
function sumsOf(frame: Uint8Array, l4: number): readonly number[] {
  const sum = (from: number, to: number, more: number): number => {
    let all = more;
    for (let i = from; i < to; i += 2) {
      all += (frame[i] as number) * 256 + (i + 1 < to ? (frame[i + 1] as number) : 0);
    }
    while (all > 0xffff) all = (all & 0xffff) + Math.floor(all / 65_536);
    return all;
  };
  const isIpv4 = l4 === 34;
  const pseudo = sum(isIpv4 ? 26 : 22, l4, 6 + frame.length - l4);
  return [isIpv4 ? sum(14, 34, 0) : 0xffff, sum(l4, frame.length, pseudo)];
}

describe('a large frame is cut for a guest that takes none', () => {
  it.each([
    ['IPv4', tcp4, 34, 1, 20_000, 1448],
    ['IPv4, of a whole number of segments', tcp4, 34, 1, 14_480, 1448],
    ['IPv4, of small segments', tcp4, 34, 1, 60_000, 536],
    ['IPv6', tcp6, 54, 4, 20_000, 1428],
    ['of one segment', tcp4, 34, 1, 1000, 1448],
  ] as const)('%s', (_, make, l4, gso, bytes, size) => {
    const payload = randomBytes(random, bytes);
    const csum = [l4, 16] as const;
    const whole = make(payload, 'blank');
    const header = offloaded([...whole], { csum, gso: [gso, size], headers: l4 + 20 });
    const { frames, counts } = received(header, { ...NOTHING, rxNotify: true });
    const segments = frames.map((each) => each?.frame as Uint8Array);
    expect(segments).toHaveLength(Math.ceil(bytes / size));
    const packet = createPacket();
    for (const [i, segment] of segments.entries()) {
      // Each is a packet by itself, with its own checksums.
      expect(parseEthernet(packet, segment, 0, segment.length)).toBe(0);
      const view = new DataView(segment.buffer);
      expect(view.getUint32(l4 + 4)).toBe(1 + i * size);
      if (gso === 1) expect(view.getUint16(18)).toBe(7 + i);
      // Only the last one is pushed.
      expect((segment[l4 + 13] as number) & 8).toBe(i + 1 === segments.length ? 8 : 0);
      expect(sumsOf(segment, l4)).toEqual([0xffff, 0xffff]);
      expect([...segment.subarray(l4 + 20)]).toEqual(payload.slice(i * size, (i + 1) * size));
    }
    expect(counts.cut).toBe(1);
  });

  it('unless into more than so many', () => {
    const whole = tcp4(randomBytes(random, 3000), 'blank');
    const header = offloaded([...whole], { csum: [34, 16], gso: [1, 8], headers: 54 });
    const { frames, counts } = received(header, { gso4: false });
    expect([frames, counts.unfit]).toEqual([[], 1]);
  });

  it('and one that is cut by nobody is dropped', () => {
    const header = offloaded([...udp4(randomBytes(random, 3000), 'blank')], {
      ...{ csum: [34, 6], gso: [3, 1000], headers: 42 },
    });
    const { frames, counts } = received(header);
    expect([frames, counts.unfit]).toEqual([[], 1]);
  });
});

it('a frame of several buffers is not for a guest that takes one', () => {
  const small = someFrame(random, 4096);
  expect(received(plain(small), { sg: false }).frames[0]?.frame).toEqual(small);
  const { frames, counts } = received(plain(someFrame(random, 4097)), { sg: false });
  expect([frames, counts.unfit]).toEqual([[], 1]);
});

it.each([
  ['of 13 bytes', new Uint8Array(13)],
  ['of more than 64 KiB', new Uint8Array(65_554)],
])('a frame %s is for nobody', (_, frame) => {
  const { frames, counts } = received(plain(frame));
  expect([frames, counts.unfit]).toEqual([[], 1]);
});

describe('a guest that has asked for some multicast only', () => {
  const WANTED = '01:00:5e:00:00:fb';
  const address = (text: string): Extra => {
    const bytes = Uint8Array.from(text.split(':').map((part) => Number.parseInt(part, 16)));
    const view = new DataView(bytes.buffer);
    return [2, view.getUint16(0, true), view.getInt32(2, true)];
  };
  const to = (mac: string): Uint8Array => unknown([1, 2, 3, 4], mac);

  function opened(isFiltering: boolean, change: Extra[]) {
    const opened = open({ isFiltering });
    const { served, queue } = opened;
    for (const extra of change) send(served.guest, queue, new Uint8Array(0), { extras: [extra] });
    publishSent(queue);
    run(served);
    takeAnswers(served.guest, queue);
    return { ...opened, answers: queue.answers };
  }

  function got({ link, served, queue }: ReturnType<typeof open>, mac: string): boolean {
    link.receive(plain(to(mac)));
    run(served);
    return takeReceived(served.guest, queue).length > 0;
  }

  it('gets that, what is for it, and what is for all', () => {
    const all = opened(true, [address(WANTED)]);
    expect(all.answers).toEqual([0]);
    expect(got(all, WANTED)).toBe(true);
    expect(got(all, '01:00:5e:00:00:fc')).toBe(false);
    expect(got(all, 'ff:ff:ff:ff:ff:ff')).toBe(true);
    expect(got(all, '00:16:3e:00:00:02')).toBe(true);
    expect(counts(all.served).filtered).toBe(1);
    // Nothing of it is a frame.
    expect(all.link.sent).toEqual([]);
  });

  it('no longer gets what it has taken back', () => {
    const [, two, four] = address(WANTED);
    const all = opened(true, [address(WANTED), [3, two, four], [3, two, four]]);
    expect(all.answers).toEqual([0, 0, 0]);
    expect(got(all, WANTED)).toBe(false);
  });

  it('gets all of it as long as it does not say so', () => {
    expect(got(opened(false, [address(WANTED)]), '01:00:5e:00:00:fc')).toBe(true);
  });

  it('may ask for 64 addresses, each of them any number of times', () => {
    const many = Array.from({ length: 65 }, (_, i) => address(`01:00:5e:00:00:${i.toString(16)}`));
    const { answers } = opened(true, [...many.slice(0, 64), many[0] as Extra]);
    expect(answers).toEqual(new Array(65).fill(0));
    expect(opened(true, many).answers).toEqual([...new Array(64).fill(0), -1]);
  });
});
