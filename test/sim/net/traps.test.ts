/** What a frontend that lies, or errs, gets: the traps of network back ends, with their numbers. */

import { ok } from 'node:assert/strict';
import { describe, expect, it } from 'vitest';
import { turn } from '../../../drivers/netback/core/turn.ts';
import {
  NETTXF_csum_blank,
  NETTXF_extra_info,
  NETTXF_more_data,
  XEN_NETIF_EXTRA_TYPE_GSO,
  XEN_NETIF_GSO_TYPE_TCPV4,
} from '../../../shared/abi/netif.ts';
import { prng } from '../../../shared/core/prng.ts';
import { randomBytes, tcp4, tcp6, udp4, unknown } from './frames.ts';
import {
  type Extra,
  type GuestQueue,
  grant,
  gsoExtra,
  offer,
  publishSent,
  putSlot,
  type SendOptions,
  send,
  takeAnswers,
} from './guest.ts';
import { createMemoryLink, plain } from './memory-link.ts';
import { counts, createHost, run, type Served, serve } from './world.ts';

const random = prng(2);

function open(options: Partial<Parameters<typeof serve>[1]> = {}) {
  const link = createMemoryLink();
  const served = serve(createHost(), { behind: link, ...options });
  const queue = served.guest.queues[0] as GuestQueue;
  return { link, served, queue };
}

/** Slots as a guest may put them: word by word. */
function putRaw(served: Served, queue: GuestQueue, slots: readonly (readonly number[])[]): void {
  for (const words of slots) putSlot(queue, words, (words[2] as number) & 0xffff, -1);
  publishSent(queue);
  run(served);
}

const request = (served: Served, flags: number, size: number, offset = 0): readonly number[] => [
  ...[grant(served.guest), offset | (flags << 16), 5 | (size << 16)],
];
const extra = (type: number, hasMore = false): readonly number[] => [
  ...[type | (hasMore ? 0x100 : 0), 0, 0],
];

describe('loses its vif, with a reason, for', () => {
  it('indices that cannot be, XSA-39', () => {
    const { served, queue } = open();
    queue.send.region.words[0] = 0x4000_0000;
    run(served);
    expect(served.broken).toEqual(['the indices of a ring are impossible']);
    expect(turn(served.host.room, served.vif, 0)).toBe(false);
  });

  it('indices of buffers that cannot be', () => {
    const { served, queue, link } = open();
    queue.receive.region.words[0] = 257;
    link.receive(plain(unknown([1, 2, 3])));
    run(served);
    expect(served.broken).toEqual(['the indices of a ring are impossible']);
  });

  it('indices of its control ring that cannot be', () => {
    const { served } = open();
    served.guest.control.region.words[0] = -1;
    run(served);
    expect(served.broken).toEqual(['the indices of the control ring are impossible']);
  });

  it.each([
    ['a first piece across its page, E3.1', [[0, 1000, 3500]], 'across the end of its page'],
    [
      'a later piece across its page',
      [
        [4, 3000],
        [0, 1000, 3500],
      ],
      'across the end of its page',
    ],
    ['a piece that is not there, E3.2', [[NETTXF_more_data, 100]], 'a piece that is not in'],
    ['an extra that is not there', [[NETTXF_extra_info, 100]], 'an extra that is not in'],
  ] as const)('%s', (_, slots, why) => {
    const { served, queue, link } = open();
    putRaw(
      served,
      queue,
      slots.map(([flags, size, offset]) => request(served, flags, size, offset)),
    );
    expect(served.broken).toEqual([expect.stringContaining(why)]);
    expect([link.sent, counts(served).fromFrames]).toEqual([[], 0]);
  });

  it.each([0, 6, 255])('an extra of type %i', (type) => {
    const { served, queue } = open();
    putRaw(served, queue, [request(served, NETTXF_extra_info, 100), extra(type)]);
    expect(served.broken).toEqual(['an extra of a type that there is not']);
  });

  it('a packet of 21 pieces, E3.2', () => {
    const { served, queue } = open();
    const piece = (i: number) =>
      request(served, i < 20 ? NETTXF_more_data : 0, i === 0 ? 2100 : 100);
    putRaw(
      served,
      queue,
      Array.from({ length: 21 }, (_, i) => piece(i)),
    );
    expect(served.broken).toEqual(['a packet of too many pieces']);
  });
});

/** What became of one packet beside a good one. */
function sendBad(frame: Uint8Array, options: SendOptions, after?: (served: Served) => void) {
  const { served, queue, link } = open();
  send(served.guest, queue, frame, options);
  after?.(served);
  const good = unknown(randomBytes(random, 100));
  send(served.guest, queue, good);
  publishSent(queue);
  run(served);
  takeAnswers(served.guest, queue);
  expect(queue.sent.size).toBe(0);
  expect(served.broken).toEqual([]);
  expect(link.sent).toEqual([plain(good)]);
  return { answers: queue.answers, reports: served.reports, counts: counts(served) };
}

describe('loses one packet, which is counted and answered once in each slot, for', () => {
  const big = unknown(randomBytes(random, 1900 - 14));

  it.each([
    ['19 pieces, E3.2', big, { pieces: new Array<number>(19).fill(100) }],
    [
      '20 pieces, E3.2',
      unknown(randomBytes(random, 1986)),
      { pieces: new Array<number>(20).fill(100) },
    ],
    ['an empty piece, XSA-448', big, { pieces: [900, 0, 1000] }],
    ['an empty last piece, XSA-448', big, { pieces: [900, 1000, 0] }],
    ['an empty first piece, XSA-448', big, { pieces: [0, 900, 1000] }],
    ['a size that has run over, E3.1', new Uint8Array(65_536 + 100), {}],
    ['13 bytes', new Uint8Array(13), {}],
    ['nothing at all', new Uint8Array(0), { pieces: [0] }],
    ['segments of nothing, E3.8', tcp4([1], 'blank'), { extras: [gsoExtra(1, 0)], flags: 1 }],
    ['segments of no protocol, E3.8', tcp4([1], 'blank'), { extras: [gsoExtra(0, 9)], flags: 1 }],
    ['segments of nobody’s, E3.8', tcp4([1], 'blank'), { extras: [gsoExtra(3, 9)], flags: 1 }],
    ['segments of another protocol', tcp6([1], 'blank'), { extras: [gsoExtra(1, 9)], flags: 1 }],
    ['segments of UDP', udp4([1], 'blank'), { extras: [gsoExtra(1, 9)], flags: 1 }],
    ['segments of no payload', tcp4([], 'blank'), { extras: [gsoExtra(1, 9)], flags: 1 }],
    ['no checksum where none is', unknown([1, 2, 3, 4]), { flags: NETTXF_csum_blank }],
    ['no checksum in half a header', tcp4([]).subarray(0, 40), { flags: NETTXF_csum_blank }],
  ] as const)('%s', (_, frame, options) => {
    const { answers, counts, reports } = sendBad(frame, options);
    expect(counts.malformed).toBe(1);
    expect(reports).toHaveLength(1);
    expect(answers.at(-1)).toBe(0);
    expect(new Set(answers.slice(0, -1))).toEqual(new Set([-1]));
  });

  // XSA-361, 362, 365 and their like: what fails of many must not be forgotten, nor told twice.
  it.each([0, 1, 4])('a page that is not granted, piece %i', (piece) => {
    const frame = unknown(randomBytes(random, 5000 - 14));
    const { answers, counts } = sendBad(
      frame,
      { pieces: [1000, 1000, 1000, 1000, 1000] },
      ({ guest }) => void guest.pages.delete(guest.nextGref - 5 + piece),
    );
    expect(answers).toEqual([-1, -1, -1, -1, -1, 0]);
    expect(counts.notGranted).toBe(1);
  });

  it('what there is no room for behind it', () => {
    const { served, queue, link } = open();
    link.room = 1;
    for (let i = 0; i < 3; i++) send(served.guest, queue, unknown(randomBytes(random, 100)));
    publishSent(queue);
    run(served);
    takeAnswers(served.guest, queue);
    expect([queue.answers, counts(served).noRoom]).toEqual([[0, -2, -2], 2]);
  });
});

// XSA-424: dropping one must not stop the next.
it('what is dropped holds up nothing that comes behind it', () => {
  const { served, queue, link } = open();
  const good: Uint8Array[] = [];
  for (let i = 0; i < 200; i++) {
    const frame = unknown(randomBytes(random, 60));
    const isBad = i % 2 === 0;
    if (!isBad) good.push(frame);
    ok(send(served.guest, queue, isBad ? frame.subarray(0, 13) : frame));
    if (i % 50 !== 49) continue;
    publishSent(queue);
    run(served);
    takeAnswers(served.guest, queue);
  }
  expect(link.sent).toEqual(good.map(plain));
  expect(counts(served).malformed).toBe(100);
});

it('hundreds of extras are one packet, and no more work than their slots', () => {
  const { served, queue, link } = open();
  const all = Array.from({ length: 200 }, (_, i): Extra => [4, i, i]);
  const frame = unknown(randomBytes(random, 100));
  send(served.guest, queue, frame, { extras: all });
  publishSent(queue);
  run(served);
  takeAnswers(served.guest, queue);
  expect([link.sent, queue.sent.size]).toEqual([[plain(frame)], 0]);
});

/** Calls back when copies are made: a guest writes to what it shares at any time. */
function amidCopies({ host }: Served, then: () => void): void {
  const { batch } = host.room;
  const { run: real } = batch;
  Object.assign(batch, {
    run: () => {
      if (batch.count > 0) then();
      return real();
    },
  });
}

// XSA-155
it('a packet is what its slots were when they were read', () => {
  const { served, queue, link } = open();
  const frame = tcp4(randomBytes(random, 3000), 'blank');
  const extras = [gsoExtra(XEN_NETIF_GSO_TYPE_TCPV4, 1000)];
  send(served.guest, queue, frame, { flags: NETTXF_csum_blank, extras });
  publishSent(queue);
  amidCopies(served, () => queue.send.region.words.fill(-1, 16));
  run(served);
  takeAnswers(served.guest, queue);
  expect([queue.sent.size, link.sent.length]).toEqual([0, 1]);
  expect(link.sent[0]?.subarray(10)).toEqual(frame);
});

// XSA-155
it('a buffer is what its slot was when it was read', () => {
  const { served, queue, link } = open();
  offer(served.guest, queue, 20);
  const frame = unknown(randomBytes(random, 9000));
  link.receive(plain(frame));
  amidCopies(served, () => queue.receive.region.words.fill(-1, 16));
  run(served);
  const answers = [...queue.receive.region.words.subarray(16, 22)];
  expect(answers.filter((_, i) => i % 2 === 0)).toEqual([0, 1, 2]);
  expect(answers[1]).toBe((4096 << 16) | NETTXF_more_data);
});

// XSA-216: what stays of a slot behind its answer is what the guest has put there.
it('an answer tells nothing of ours', () => {
  const { served, queue } = open();
  send(served.guest, queue, unknown(randomBytes(random, 100)), { offset: 7 });
  publishSent(queue);
  const before = [...queue.send.region.words.subarray(16, 19)];
  run(served);
  const after = [...queue.send.region.words.subarray(16, 19)];
  expect(after.slice(1)).toEqual(before.slice(1));
  expect(after[0]).toBe((before[2] as number) & 0xffff);
  expect([...queue.send.region.words.subarray(19)].every((word) => word === 0)).toBe(true);
});

it('what is no type of segmentation for us is no packet for others, whatever its flags', () => {
  const { served, queue, link } = open();
  send(served.guest, queue, tcp4([1, 2, 3]), { extras: [[XEN_NETIF_EXTRA_TYPE_GSO, 1, 0x0101]] });
  publishSent(queue);
  run(served);
  // The byte above the type is padding.
  expect(link.sent).toHaveLength(1);
});
