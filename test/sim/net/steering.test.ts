/** Which queue a frame comes in: by the frontend's hash and mapping, or by ours. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import {
  type Bytes,
  ether,
  IPV4,
  IPV6,
  packet4,
  packet6,
  TCP,
  tcp,
  UDP,
  udp,
} from '../../net/frames.ts';
import { ask, told } from './control.ts';
import { MAC_A, MAC_B, randomBytes, udp4 } from './frames.ts';
import { grant, offer, publishSent, send } from './guest.ts';
import { createMemoryLink, plain } from './memory-link.ts';
import { takeReceived } from './received.ts';
import { counts, createHost, run, type Served, serve } from './world.ts';

const GET_FLAGS = 1;
const SET_FLAGS = 2;
const SET_KEY = 3;
const GET_SIZE = 4;
const SET_SIZE = 5;
const SET_MAPPING = 6;
const SET_ALGORITHM = 7;

/** Microsoft's, with what it says that hashes are (Verifying the RSS hash calculation). */
const KEY = Buffer.from(
  '6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa',
  'hex',
);

function open(queues = 4) {
  const link = createMemoryLink();
  const served = serve(createHost(), { behind: link, queues });
  for (const queue of served.guest.queues) offer(served.guest, queue, 256);
  return { link, served };
}

function demand({ guest, ...served }: Served, type: number, data: Parameters<typeof ask>[2] = []) {
  const id = ask(guest, type, data);
  run(Object.assign(served, { guest }) as Served);
  const [answer] = told(guest);
  expect(answer).toMatchObject({ id, type });
  return [answer?.status, answer?.data];
}

function page(served: Served, bytes: Uint8Array): number {
  const all = new Uint8Array(4096);
  all.set(bytes);
  return grant(served.guest, all);
}

function useKey(served: Served, flags = 15): void {
  expect(demand(served, SET_ALGORITHM, [1])).toEqual([0, 0]);
  expect(demand(served, SET_FLAGS, [flags])).toEqual([0, 0]);
  expect(demand(served, SET_KEY, [page(served, KEY), 40])).toEqual([0, 0]);
}

const words = (values: readonly number[]): Uint8Array =>
  new Uint8Array(Uint32Array.from(values).buffer);

/** The hash that comes with a frame, and its queue. */
function steered({ served, link }: ReturnType<typeof open>, frame: Bytes) {
  link.receive(plain(frame));
  run(served);
  const all = served.guest.queues.map((queue) => takeReceived(served.guest, queue));
  const queue = all.findIndex((frames) => frames.length > 0);
  const hash = all[queue]?.[0]?.hash;
  return { queue, type: hash?.type, value: hash?.value };
}

const v4 = (protocol: number, body: Bytes, fragment = 0): Bytes =>
  ether(MAC_B, MAC_A, IPV4, [
    ...packet4({ from: '66.9.149.187', to: '161.142.100.80', protocol, fragment }, body),
  ]);
const v6 = (protocol: number, body: Bytes): Bytes =>
  ether(MAC_B, MAC_A, IPV6, [
    ...packet6({ from: '3ffe:2501:200:1fff::7', to: '3ffe:2501:200:3::1', protocol }, body),
  ]);

describe('a Toeplitz hash', () => {
  it.each([
    ['of TCP over IPv4', v4(TCP, tcp(2794, 1766, 2)), 15, 1, 0x51ccc178],
    ['of TCP over IPv4 without its ports', v4(TCP, tcp(2794, 1766, 2)), 13, 0, 0x323e8fc2],
    ['of UDP over IPv4', v4(UDP, udp(2794, 1766)), 15, 0, 0x323e8fc2],
    [
      'of a piece of TCP over IPv4',
      v4(TCP, tcp(2794, 1766, 2, [1, 2, 3, 4]), 0x2000),
      15,
      0,
      0x323e8fc2,
    ],
    ['of TCP over IPv6', v6(TCP, tcp(2794, 1766, 2)), 15, 3, 0x40207d3d],
    ['of UDP over IPv6', v6(UDP, udp(2794, 1766)), 15, 2, 0x2cc18cd5],
  ])('%s', (_, frame, flags, type, value) => {
    const opened = open();
    useKey(opened.served, flags);
    expect(steered(opened, frame)).toEqual({ queue: value % 4, type, value });
  });

  it('is not of what was not asked for, nor after it was switched off', () => {
    const opened = open();
    useKey(opened.served, 2);
    expect(steered(opened, v6(TCP, tcp(1, 2, 2))).type).toBe(undefined);
    expect(steered(opened, v4(TCP, tcp(1, 2, 2))).type).toBe(1);
    expect(demand(opened.served, SET_ALGORITHM, [0])).toEqual([0, 0]);
    expect(steered(opened, v4(TCP, tcp(1, 2, 2))).type).toBe(undefined);
  });

  it('is zero without a key', () => {
    const opened = open();
    demand(opened.served, SET_ALGORITHM, [1]);
    demand(opened.served, SET_FLAGS, [15]);
    expect(steered(opened, v4(TCP, tcp(1, 2, 2)))).toEqual({ queue: 0, type: 1, value: 0 });
    useKey(opened.served);
    demand(opened.served, SET_KEY, [0, 0]);
    expect(steered(opened, v4(TCP, tcp(1, 2, 2))).value).toBe(0);
  });

  it('leads through the mapping', () => {
    const opened = open();
    useKey(opened.served);
    const { served } = opened;
    expect(demand(served, SET_SIZE, [128])).toEqual([0, 0]);
    const queues = Array.from({ length: 64 }, (_, i) => (i * 7) % 4);
    expect(demand(served, SET_MAPPING, [page(served, words(queues)), 64, 0])).toEqual([0, 0]);
    expect(demand(served, SET_MAPPING, [page(served, words(queues)), 64, 64])).toEqual([0, 0]);
    const { queue, value } = steered(opened, v4(TCP, tcp(2794, 1766, 2)));
    expect(queue).toBe(queues[((value as number) % 128) % 64]);
    // A mapping of another size is of zeros.
    demand(served, SET_SIZE, [7]);
    expect(steered(opened, v4(TCP, tcp(2794, 1766, 2))).queue).toBe(0);
  });
});

describe('what is asked on the control ring', () => {
  it('is answered with what there is', () => {
    const { served } = open();
    expect(demand(served, GET_FLAGS)).toEqual([1, 0]);
    demand(served, SET_ALGORITHM, [1]);
    expect(demand(served, GET_FLAGS)).toEqual([0, 15]);
    expect(demand(served, GET_SIZE)).toEqual([0, 128]);
  });

  // XSA-270, E3.6
  it.each([
    ['a queue that there is not', SET_MAPPING, [4], [1, 0], 2],
    ['a queue of 2^31', SET_MAPPING, [0x8000_0000], [1, 0], 2],
    ['more than the mapping has', SET_MAPPING, [0, 0, 0], [101, 0], 2],
    ['a place behind its end', SET_MAPPING, [0], [1, 100], 2],
    ['places that run over', SET_MAPPING, [0], [2, 0xffff_ffff], 2],
    ['sizes that run over', SET_MAPPING, [0], [0xffff_ffff, 1], 2],
    ['a mapping of 129', SET_SIZE, undefined, [], 2],
    ['a key of 41 bytes', SET_KEY, [1], [41], 3],
    ['a key of 4 GiB', SET_KEY, [1], [0xffff_ffff], 3],
    ['flags that there are not', SET_FLAGS, undefined, [], 2],
    ['an algorithm that there is not', SET_ALGORITHM, undefined, [], 2],
    ['static grants', 8, undefined, [], 1],
    ['nothing', 0, undefined, [], 1],
    ['what nobody knows', 77, undefined, [], 1],
  ] as const)('is refused, and changes nothing: %s', (_, type, content, rest, status) => {
    const { served } = open();
    useKey(served);
    demand(served, SET_SIZE, [100]);
    const before = structuredClone({ ...served.vif.hash });
    const first = content === undefined ? 129 : page(served, words(content));
    expect(demand(served, type, [first, ...rest] as [number])).toEqual([status, 0]);
    expect({ ...served.vif.hash }).toEqual(before);
  });

  it('is refused where its page is not granted', () => {
    const { served } = open();
    demand(served, SET_ALGORITHM, [1]);
    demand(served, SET_SIZE, [100]);
    expect(demand(served, SET_KEY, [9999, 40])).toEqual([2, 0]);
    expect(demand(served, SET_MAPPING, [9999, 4, 0])).toEqual([2, 0]);
  });

  it('is done in bounded turns, however much it is', () => {
    const { served } = open();
    for (let i = 0; i < 100; i++) ask(served.guest, GET_SIZE);
    run(served);
    expect(told(served.guest).map(({ id }) => id)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
    expect(counts(served).controls).toBe(100);
  });
});

it('flows are spread over all queues, each in one of them', () => {
  const opened = open();
  const random = prng(5);
  const used = new Map<number, number>();
  for (let from = 1000; from < 1100; from++) {
    const frame = [...udp4(randomBytes(random, 20), 'right', [from, 53])];
    const { queue } = steered(opened, frame);
    expect(steered(opened, frame).queue).toBe(queue);
    used.set(queue, (used.get(queue) ?? 0) + 1);
  }
  expect(used.size).toBe(4);
  expect(Math.min(...used.values())).toBeGreaterThan(10);
});

it('frames of a guest’s queues go out of as many of the link’s as there are', () => {
  const link = createMemoryLink(2);
  const seen: number[] = [];
  const { tx } = link;
  const note = (...args: Parameters<typeof tx>): boolean => {
    seen.push(args[0]);
    return tx(...args);
  };
  const served = serve(createHost(), { behind: { ...link, tx: note }, queues: 4 });
  for (const queue of served.guest.queues) {
    send(served.guest, queue, udp4([1, 2, 3]));
    publishSent(queue);
  }
  run(served);
  expect(seen.sort()).toEqual([0, 0, 1, 1]);
});
