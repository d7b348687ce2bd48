/** Reads and writes of a vchan's two ends, one after the other, beside a model that is a queue. */

import { describe, expect, it } from 'vitest';
import { vchanInterface } from '../../../shared/abi/vchan.ts';
import { prng } from '../../../shared/core/prng.ts';
import { BROKEN } from '../../../shared/core/ring-moves.ts';
import { CLOSED, LEFT, type VchanEnd } from '../../../shared/vchan/end.ts';
import { readVchan, recvVchan, sendVchan, writeVchan } from '../../../shared/vchan/stream.ts';
import { byteAt, createEnds } from './ends.ts';

const SHAPES: readonly [number, number][] = [
  [10, 11],
  [11, 10],
  [10, 12],
  [12, 11],
  ...Array.from({ length: 9 }, (_, i): [number, number] => [12 + i, 20 - i]),
];
const STARTS = [0, 1000, 2 ** 31 - 100, 2 ** 32 - 100];

/** As long as the largest packet may be, and more. */
const scratch = new Uint8Array(2 << 20);

interface Flow {
  readonly from: VchanEnd;
  readonly to: VchanEnd;
  readonly seed: number;
  sent: number;
  got: number;
}

function put(flow: Flow, size: number, whole: boolean): void {
  for (let i = 0; i < size; i++) scratch[7 + i] = byteAt(flow.seed, flow.sent + i);
  const free = flow.from.write.size - (flow.sent - flow.got);
  const move = whole ? sendVchan : writeVchan;
  const count = move(flow.from, scratch, 7, 7 + size);
  expect(count).toBe(whole && size > free ? 0 : Math.min(size, free));
  flow.sent += count;
}

function take(flow: Flow, size: number, whole: boolean): void {
  const ready = flow.sent - flow.got;
  const move = whole ? recvVchan : readVchan;
  const count = move(flow.to, scratch, 3, size);
  expect(count).toBe(whole && size > ready ? 0 : Math.min(size, ready));
  for (let i = 0; i < count; i++) {
    if (scratch[3 + i] !== byteAt(flow.seed, flow.got + i)) throw new Error(`byte ${flow.got + i}`);
  }
  flow.got += count;
}

describe.each(SHAPES)('rings of order %d and %d', (left, right) => {
  it.each(STARTS)('carry both streams whole, from index %d on', (start) => {
    const { server, client } = createEnds({ left, right }, start);
    const random = prng(left * 100 + right + start);
    const flows: Flow[] = [
      { from: client, to: server, seed: 1, sent: 0, got: 0 },
      { from: server, to: client, seed: 2, sent: 0, got: 0 },
    ];
    for (let step = 0; step < 120; step++) {
      const flow = random.pick(flows);
      const most = random.chance(0.3) ? flow.from.write.size : 300;
      const size = 1 + random.below(most);
      const whole = random.chance(0.5);
      if (random.chance(0.5)) put(flow, size, whole);
      else take(flow, size, whole);
    }
    for (const flow of flows) {
      while (flow.got < flow.sent) take(flow, scratch.length - 3, false);
      expect(flow.got).toBe(flow.sent);
    }
  });
});

const orders = { left: 10, right: 11 };

it('a ring that is full takes nothing, and an event tells of room once that is wanted', () => {
  const { server, client, events } = createEnds(orders);
  expect(writeVchan(client, scratch, 0, 5000)).toBe(1024);
  expect(events).toEqual({ server: 1, client: 0 });
  expect(readVchan(server, scratch, 0, 10)).toBe(10);
  expect(events).toEqual({ server: 1, client: 0 });
  expect(sendVchan(client, scratch, 0, 11)).toBe(0);
  expect(readVchan(server, scratch, 0, 1)).toBe(1);
  expect(events).toEqual({ server: 1, client: 1 });
  expect(readVchan(server, scratch, 0, 1)).toBe(1);
  expect(events).toEqual({ server: 1, client: 1 });
  expect(sendVchan(client, scratch, 0, 11)).toBe(11);
});

it('who has read all is told of more, once', () => {
  const { server, client, events } = createEnds(orders);
  expect(readVchan(client, scratch, 0, 10)).toBe(0);
  for (let i = 0; i < 3; i++) expect(writeVchan(server, scratch, 0, 5)).toBe(5);
  expect(events.client).toBe(1);
  expect(recvVchan(client, scratch, 0, 16)).toBe(0);
  expect(writeVchan(server, scratch, 0, 1)).toBe(1);
  expect(events.client).toBe(2);
  expect(recvVchan(client, scratch, 0, 16)).toBe(16);
});

it('a server may write before its client has come', () => {
  const { server, client, control } = createEnds(orders);
  control.bytes[vchanInterface.fields.cliLive.at] = 2;
  expect(writeVchan(server, scratch, 0, 9)).toBe(9);
  expect(readVchan(server, scratch, 0, 9)).toBe(0);
  expect(readVchan(client, scratch, 0, 20)).toBe(9);
});

const sides = [
  ['server', 'srvLive', 'client'],
  ['client', 'cliLive', 'server'],
] as const;

describe.each(sides)('a %s that has left', (side, live, other) => {
  it('has written what can be read, and reads no more', () => {
    const ends = createEnds(orders);
    expect(writeVchan(ends[side], scratch, 0, 30)).toBe(30);
    ends.control.bytes[vchanInterface.fields[live].at] = LEFT;
    expect(writeVchan(ends[other], scratch, 0, 1)).toBe(CLOSED);
    expect(sendVchan(ends[other], scratch, 0, 1)).toBe(CLOSED);
    expect(recvVchan(ends[other], scratch, 0, 20)).toBe(20);
    expect(recvVchan(ends[other], scratch, 0, 20)).toBe(CLOSED);
    expect(readVchan(ends[other], scratch, 0, 20)).toBe(10);
    expect(readVchan(ends[other], scratch, 0, 20)).toBe(CLOSED);
  });

  // Between fast_get_data_ready and libxenvchan_is_open of C's libxenvchan_read.
  it('loses nothing that it wrote between the looks at its index and at its live byte', () => {
    const ends = createEnds(orders);
    const { load } = Atomics;
    const at = vchanInterface.fields[live].at;
    const leaving = (array: Uint8Array, index: number): number => {
      if (array instanceof Uint8Array && index === at) {
        Object.assign(Atomics, { load });
        expect(writeVchan(ends[side], scratch, 0, 30)).toBe(30);
        ends.control.bytes[at] = LEFT;
      }
      return load(array, index);
    };
    Object.assign(Atomics, { load: leaving });
    try {
      expect(readVchan(ends[other], scratch, 0, 50)).toBe(30);
    } finally {
      Object.assign(Atomics, { load });
    }
    expect(readVchan(ends[other], scratch, 0, 50)).toBe(CLOSED);
  });
});

// XSA-86: the C library believed such indices once, and stands still for ever since.
describe('XSA-86: impossible indices', () => {
  const wrong = [1025, 2049, 0x7fffffff, 0x80000000, 0xffffffff];
  it.each(wrong)('of a writer, %d ahead, move nothing', (ahead) => {
    const { server, control } = createEnds(orders, 77);
    control.words[vchanInterface.fields.leftProd.at / 4] = (77 + ahead) | 0;
    const before = control.bytes.slice();
    expect(readVchan(server, scratch, 0, 100)).toBe(BROKEN);
    expect(recvVchan(server, scratch, 0, 100)).toBe(BROKEN);
    expect(control.bytes).toEqual(before);
  });

  it.each(wrong)('of a reader, %d behind, move nothing', (behind) => {
    const { client, control } = createEnds(orders, 77);
    control.words[vchanInterface.fields.leftCons.at / 4] = (77 - behind) | 0;
    const before = control.bytes.slice();
    expect(writeVchan(client, scratch, 0, 100)).toBe(BROKEN);
    expect(sendVchan(client, scratch, 0, 100)).toBe(BROKEN);
    expect(control.bytes).toEqual(before);
  });

  it('of ours, which the other end has changed, are not believed', () => {
    const { server, client, control } = createEnds(orders);
    expect(writeVchan(client, scratch, 0, 20)).toBe(20);
    control.words[vchanInterface.fields.leftCons.at / 4] = 12345;
    expect(readVchan(server, scratch, 0, 5)).toBe(5);
    expect(control.words[vchanInterface.fields.leftCons.at / 4]).toBe(5);
    control.words[vchanInterface.fields.leftProd.at / 4] = 99999;
    expect(writeVchan(client, scratch, 0, 5)).toBe(5);
    expect(control.words[vchanInterface.fields.leftProd.at / 4]).toBe(25);
  });

  it('orders in the page are not looked at again', () => {
    const { server, client, control } = createEnds(orders);
    control.words[4] = -1;
    expect(writeVchan(client, scratch, 0, 5000)).toBe(1024);
    expect(readVchan(server, scratch, 0, 5000)).toBe(1024);
  });
});
