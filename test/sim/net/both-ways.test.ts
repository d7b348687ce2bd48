/** A vif that passes frames: from its guest, to it, and from one guest to another. */

import { describe, expect, it } from 'vitest';
import { deliver } from '../../../drivers/netback/core/deliver.ts';
import {
  NETRXF_csum_blank,
  NETRXF_data_validated,
  NETTXF_csum_blank,
  NETTXF_data_validated,
  XEN_NETIF_GSO_TYPE_TCPV4,
  XEN_NETIF_GSO_TYPE_TCPV6,
} from '../../../shared/abi/netif.ts';
import { prng } from '../../../shared/core/prng.ts';
import { offloaded } from '../../net/frames.ts';
import { randomBytes, tcp4, tcp6, udp4, unknown } from './frames.ts';
import {
  type GuestQueue,
  gsoExtra,
  offer,
  publishSent,
  regionOf,
  type SendOptions,
  send,
  takeAnswers,
} from './guest.ts';
import { createMemoryLink, plain } from './memory-link.ts';
import { takeReceived } from './received.ts';
import { counts, createHost, run, type Served, type ServedOptions, serve } from './world.ts';

const queueOf = ({ guest }: Served, number = 0): GuestQueue => guest.queues[number] as GuestQueue;

function open(options: Omit<ServedOptions, 'behind'> = {}) {
  const link = createMemoryLink();
  const served = serve(createHost(), { ...options, behind: link });
  return { link, served, queue: queueOf(served) };
}

/** What came out of the link when the guest sent this. */
function sent(frame: Uint8Array, options: SendOptions = {}) {
  const { link, served, queue } = open();
  send(served.guest, queue, frame, options);
  publishSent(queue);
  run(served);
  takeAnswers(served.guest, queue);
  return { frames: link.sent, answers: queue.answers, counts: counts(served), served };
}

/** What the guest got when this came out of the link. */
function received(header: Uint8Array, options: Omit<ServedOptions, 'behind'> = {}) {
  const { link, served, queue } = open(options);
  offer(served.guest, queue, 256);
  link.receive(header);
  run(served);
  return { frames: takeReceived(served.guest, queue), counts: counts(served), served };
}

const random = prng(1);

describe('a frame that a guest sends', () => {
  it.each([14, 15, 60, 1514, 4031, 4032, 4033, 4095, 4096, 4097, 9014, 65_535])(
    'of %i bytes goes out as it is',
    (length) => {
      const frame = unknown(randomBytes(random, length - 14));
      const { frames, answers, counts } = sent(frame);
      expect(frames).toEqual([plain(frame)]);
      expect(new Set(answers)).toEqual(new Set([0]));
      expect([counts.fromFrames, counts.fromBytes]).toEqual([1, length]);
    },
  );

  it.each([
    ['one piece', [200]],
    ['a header and its data', [54, 146]],
    ['a header over pieces, XSA-423 and 432', [10, 10, 10, 170]],
    ['eighteen pieces', new Array<number>(18).fill(3000)],
    ['a first piece of a whole page', [4096, 4096, 1]],
    ['a first piece of nearly a page', [4090, 4096, 1]],
  ])('of %s comes out in one', (_, pieces) => {
    const length = pieces.reduce((sum, size) => sum + size, 0);
    const frame = unknown(randomBytes(random, length - 14));
    expect(sent(frame, { pieces }).frames).toEqual([plain(frame)]);
  });

  it.each([
    ['TCP, IPv4', tcp4(randomBytes(random, 99), 'blank'), [34, 16]],
    ['UDP, IPv4', udp4(randomBytes(random, 99), 'blank'), [34, 6]],
    ['TCP, IPv6', tcp6(randomBytes(random, 99), 'blank'), [54, 16]],
  ] as const)('without a checksum says where that goes: %s', (_, frame, csum) => {
    const flags = NETTXF_csum_blank | NETTXF_data_validated;
    expect(sent(frame, { flags }).frames).toEqual([offloaded([...frame], { csum })]);
  });

  it('that needs no check says so', () => {
    const frame = tcp4(randomBytes(random, 99));
    const { frames } = sent(frame, { flags: NETTXF_data_validated });
    expect(frames).toEqual([offloaded([...frame], { flags: 2 })]);
  });

  it.each([
    ['IPv4', XEN_NETIF_GSO_TYPE_TCPV4, tcp4, 34, 1],
    ['IPv6', XEN_NETIF_GSO_TYPE_TCPV6, tcp6, 54, 4],
  ] as const)('that is large says how it is cut: %s', (_, type, make, l4, gso) => {
    const frame = make(randomBytes(random, 60_000), 'blank');
    const extras = [gsoExtra(type, 1448)];
    const { frames, counts } = sent(frame, { flags: NETTXF_csum_blank, extras });
    const csum = [l4, 16] as const;
    expect(frames).toEqual([offloaded([...frame], { csum, gso: [gso, 1448], headers: l4 + 20 })]);
    expect(counts.fromLarge).toBe(1);
    // Without its flag, and with a checksum of who knows what.
    const wrong = frame.slice();
    wrong[l4 + 16] = 0x55;
    expect(sent(wrong, { extras }).frames).toEqual(frames);
  });
});

describe('a frame for a guest', () => {
  it.each([14, 60, 1514, 4096, 4097, 9014, 65_553])('of %i bytes comes as it is', (length) => {
    const frame = unknown(randomBytes(random, length - 14));
    const { frames, counts } = received(plain(frame));
    expect(frames).toEqual([expect.objectContaining({ frame, flags: expect.any(Number) })]);
    expect(frames[0]?.slots).toBe(Math.ceil(length / 4096));
    expect([counts.toFrames, counts.toBytes]).toEqual([1, length]);
  });

  it('without a checksum says so, and so does one that needs no check', () => {
    const frame = tcp4(randomBytes(random, 99), 'blank');
    const blank = received(offloaded([...frame], { csum: [34, 16] })).frames[0];
    expect([blank?.frame, (blank?.flags ?? 0) & 3]).toEqual([
      ...[frame, NETRXF_csum_blank | NETRXF_data_validated],
    ]);
    const valid = received(offloaded([...frame], { flags: 2 })).frames[0];
    expect((valid?.flags ?? 0) & 3).toBe(NETRXF_data_validated);
  });

  it.each([
    ['IPv4', 1, tcp4, 34, XEN_NETIF_GSO_TYPE_TCPV4],
    ['IPv6', 4, tcp6, 54, XEN_NETIF_GSO_TYPE_TCPV6],
  ] as const)('that is large comes in one, %s', (_, gso, make, l4, type) => {
    const frame = make(randomBytes(random, 60_000), 'blank');
    const header = offloaded([...frame], { csum: [l4, 16], gso: [gso, 1448], headers: l4 + 20 });
    const { frames, counts } = received(header);
    expect(frames[0]).toMatchObject({ frame, gso: { type, size: 1448 } });
    expect(counts.toLarge).toBe(1);
  });

  it('leaves room in front of it where that is wanted', () => {
    const frame = unknown(randomBytes(random, 9000));
    const { frames } = received(plain(frame), { can: { headroom: 256 } });
    expect(frames[0]).toMatchObject({ frame, headroom: 256, slots: 4 });
  });

  it('is told of by one event', () => {
    const { link, served, queue } = open();
    offer(served.guest, queue, 256);
    for (let i = 0; i < 10; i++) link.receive(plain(unknown(randomBytes(random, 100))));
    send(served.guest, queue, unknown(randomBytes(random, 100)));
    publishSent(queue);
    run(served);
    expect(takeReceived(served.guest, queue)).toHaveLength(10);
    expect(served.host.notified).toEqual([1]);
  });

  it('is told of by the event of its ring, if that has one of its own', () => {
    const { link, served, queue } = open({ isSplit: true });
    offer(served.guest, queue, 256);
    link.receive(plain(unknown(randomBytes(random, 100))));
    run(served);
    expect(served.host.notified).toEqual([51]);
  });
});

it('from one guest to another one comes straight, and both hear of it once', () => {
  const host = createHost();
  const other = serve(host, { behind: createMemoryLink() });
  const first = serve(host, {
    behind: {
      ...{ queues: 1, rx: () => 0, want: () => {}, submit: () => {} },
      tx: (_queue, region, at, bytes) => deliver(host.room, other.vif, region, at, bytes),
    },
  });
  offer(other.guest, queueOf(other), 256);
  const frames = [
    tcp4(randomBytes(random, 30_000), 'blank'),
    tcp4(randomBytes(random, 99), 'blank'),
    unknown(randomBytes(random, 1500)),
  ];
  const gso = { flags: NETTXF_csum_blank, extras: [gsoExtra(XEN_NETIF_GSO_TYPE_TCPV4, 1448)] };
  const options = [gso, { flags: NETTXF_csum_blank }, {}];
  frames.forEach((frame, i) => void send(first.guest, queueOf(first), frame, options[i]));
  publishSent(queueOf(first));
  run(first);
  const got = takeReceived(other.guest, queueOf(other));
  expect(got.map((each) => each?.frame)).toEqual(frames);
  expect(got[0]?.gso).toEqual({ type: XEN_NETIF_GSO_TYPE_TCPV4, size: 1448 });
  expect(host.notified).toHaveLength(2);
});

it('what was delivered between turns is there with the next one, whoever’s that is', () => {
  const host = createHost();
  const [other, next] = [1, 2].map(() => serve(host, { behind: createMemoryLink() }));
  const [to, by] = [other as Served, next as Served];
  offer(to.guest, queueOf(to), 4);
  const frame = unknown(randomBytes(random, 100));
  const memory = regionOf(1);
  memory.bytes.set(plain(frame));
  expect(deliver(host.room, to.vif, memory, 0, frame.length + 10)).toBe(true);
  send(by.guest, queueOf(by), unknown(randomBytes(random, 100)));
  publishSent(queueOf(by));
  run(by);
  expect(takeReceived(to.guest, queueOf(to)).map((each) => each?.frame)).toEqual([frame]);
});
