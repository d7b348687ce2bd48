/** The front end of a vif against back ends that lie (E3; XSA-39, XSA-155, XSA-396, XSA-448). */

import { expect, it } from 'vitest';
import {
  NETIF_RSP_NULL,
  NETRXF_csum_blank,
  NETRXF_extra_info,
  NETRXF_more_data,
  XEN_NETIF_EXTRA_TYPE_GSO,
} from '../../../shared/abi/netif.ts';
import { type Prng, prng } from '../../../shared/core/prng.ts';
import { initRing } from '../../../shared/ring/io-ring.ts';
import { extraHead, txResponse } from '../../../shared/ring/netif-slots.ts';
import { tcp4, udp4, unknown } from './frames.ts';
import { regionOf } from './guest.ts';
import { plain } from './memory-link.ts';
import { begin, createScene, frameOf, receive, send } from './uplink-scene.ts';

const SLOTS_AT = 16;
const RSP_PROD = 2;

function open() {
  const scene = createScene();
  const rings = { send: regionOf(1), receive: regionOf(1) };
  for (const region of [rings.send, rings.receive]) initRing(region);
  const pools = begin(scene, rings, new Map());
  return { scene, ...rings, ...pools };
}

/** Words of an answer for the buffer in this slot. */
const answer = (slot: number, size: number, flags = 0, offset = 0): readonly number[] => [
  (offset << 16) | slot,
  (size << 16) | flags,
];
const gso = (type: number, size: number, hasMore = false): readonly number[] => [
  extraHead(XEN_NETIF_EXTRA_TYPE_GSO, hasMore, size),
  type,
];

/** What a back end publishes, from the first slot on. */
function receives(answers: readonly (readonly number[])[], frame: Uint8Array = plain([])) {
  const opened = open();
  const { receive: ring, receivePool } = opened;
  receivePool.region.bytes.set(frameOf(frame));
  ring.words.set(answers.flat(), SLOTS_AT);
  ring.words[RSP_PROD] = answers.length;
  return opened;
}

const pieces = (count: number) =>
  Array.from({ length: count }, (_, i) => answer(i, 10, i + 1 < count ? NETRXF_more_data : 0));

it.each<[string, readonly (readonly number[])[], string]>([
  ['another buffer', [answer(5, 60)], 'buffer 5 for 0'],
  ['a buffer twice', [answer(0, 60), answer(0, 60)], 'buffer 0 for 1'],
  ['more than a page', [answer(0, 4097)], '4097 bytes at 0 of a page'],
  ['beyond the end of a page', [answer(0, 4000, 0, 97)], '4000 bytes at 97 of a page'],
  ['nothing, XSA-448', [answer(0, 0)], '0 bytes at 0 of a page'],
  ['an extra without a slot', [answer(0, 60, NETRXF_extra_info)], 'an extra without a slot'],
  ['an extra of no type', [answer(0, 60, NETRXF_extra_info), [0, 0]], 'an extra of type 0'],
  ['an extra of a new type', [answer(0, 60, NETRXF_extra_info), [9, 0]], 'an extra of type 9'],
  [
    'extras without an end',
    [answer(0, 60, NETRXF_extra_info), ...Array.from({ length: 9 }, () => gso(1, 9, true))],
    'an extra without a slot',
  ],
  ['a frame without an end', [answer(0, 60, NETRXF_more_data)], 'a frame that does not end'],
  ['more pieces than there may be', pieces(19), 'a frame of more than 18 pieces'],
])('who receives %s does not listen any more', (_, answers, lie) => {
  const { scene } = receives(answers);
  const got = receive(scene);
  expect(scene.lies).toEqual([lie]);
  expect(got).toEqual([]);
  expect(receive(scene)).toEqual([]);
  expect(send(scene, plain(unknown([1])))).toBe(false);
  scene.uplink.heard();
  expect(scene.lies).toHaveLength(1);
});

it.each([257, 0x8000_0000 | 0, -1])('an impossible index is a lie: %i', (index) => {
  const { scene, receive: ring } = open();
  ring.words[RSP_PROD] = index;
  let told = 0;
  scene.uplink.link.want(0, () => void told++);
  expect([receive(scene), told]).toEqual([[], 1]);
  expect(scene.lies).toEqual(['the indices of the ring of what is received are impossible']);
});

const udp = udp4([1, 2, 3], 'blank');
const tcp = tcp4([1, 2, 3], 'blank');
const { length } = tcp;

it.each<[string, Uint8Array, readonly (readonly number[])[]]>([
  ['it failed', tcp, [answer(0, -1)]],
  ['a piece of it failed', tcp, [answer(0, 20, NETRXF_more_data), answer(1, -1)]],
  ['shorter than a header', tcp, [answer(0, 13)]],
  ['no checksum where nobody finds one', unknown([1, 2]), [answer(0, 16, NETRXF_csum_blank)]],
  ['large, with a checksum', tcp, [answer(0, length, NETRXF_extra_info), gso(1, 9)]],
  ['large, of no size, E3.8', tcp, [answer(0, length, 10), gso(1, 0)]],
  ['large, of no kind', tcp, [answer(0, length, 10), gso(0, 9)]],
  ['large, of another kind', tcp, [answer(0, length, 10), gso(2, 9)]],
  ['large, of no TCP', udp, [answer(0, udp.length, 10), gso(1, 9)]],
])('a frame that cannot be is counted, and the next one comes: %s', (_, frame, answers) => {
  const { scene, receive: ring, receivePool } = receives(answers, plain(frame));
  const slot = answers.length;
  const next = unknown([7, 7]);
  receivePool.region.bytes.set(next, slot * 4096 + 100);
  ring.words.set(answer(slot, next.length, 0, 100), SLOTS_AT + slot * 2);
  ring.words[RSP_PROD] = slot + 1;
  expect(receive(scene)).toEqual([plain(next)]);
  expect(scene.uplink.lost.received).toBe(1);
  expect(scene.lies).toEqual([]);
});

/** Sends until there is no room, with these answers published. */
function fills(answers: readonly number[], index = answers.length) {
  const { scene, send: ring } = open();
  for (let i = 0; i < 256; i++) expect(send(scene, plain(unknown([i])))).toBe(true);
  scene.uplink.link.submit();
  for (const [i, word] of answers.entries()) ring.words[SLOTS_AT + i * 3] = word;
  ring.words[RSP_PROD] = index;
  return { scene, isTaken: send(scene, plain(unknown([1]))) };
}

const okOf = (id: number): number => txResponse(id, 0);

it.each<[string, readonly number[], number, string]>([
  ['twice', [okOf(9), okOf(9)], 2, 'it answers frame 9, which it has not got'],
  ['frames that there cannot be', [okOf(256)], 1, 'it answers frame 256, which it has not got'],
  ['more than there are', [], 257, 'the indices of the ring of what is sent are impossible'],
])('who answers %s is not listened to any more', (_, answers, index, lie) => {
  const { scene, isTaken } = fills(answers, index);
  expect([isTaken, scene.lies]).toEqual([false, [lie]]);
});

it('answers may come in any order, and say nothing of extras', () => {
  const { scene, isTaken } = fills([txResponse(0xffff, NETIF_RSP_NULL), okOf(200), okOf(3)]);
  expect([isTaken, scene.lies]).toEqual([true, []]);
  expect(send(scene, plain(unknown([2])))).toBe(true);
  // One page is hidden for ever by the answer of an extra that there was not.
  expect(send(scene, plain(unknown([3])))).toBe(false);
});

/** Mostly what is right, with something wrong here and there. */
function garbage(random: Prng, slot: number): readonly number[] {
  if (random.chance(0.05)) return [random.next() | 0, random.next() | 0];
  const flags = random.chance(0.3) ? random.below(16) : 0;
  const offset = random.chance(0.2) ? random.below(200) : 0;
  return answer(slot, random.below(random.chance(0.02) ? 5000 : 3900) + 1, flags, offset);
}

const UNTOUCHED = new Uint8Array(18 * 4096).fill(0xa5);

it('whatever a back end says, by seed: nothing is thrown, and nothing written elsewhere', () => {
  let frames = 0;
  let lies = 0;
  for (let seed = 0; seed < 400; seed++) {
    const random = prng(seed);
    const { scene, receive: ring, receivePool } = open();
    for (let i = 0; i < 40; i++) receivePool.region.bytes[random.below(1 << 20)] = random.next();
    const from = [udp, tcp, unknown([1])];
    for (let page = 0; page < 12; page++) {
      receivePool.region.bytes.set(random.pick(from), page * 4096);
    }
    const count = 1 + random.below(12);
    for (let slot = 0; slot < count; slot++) {
      ring.words.set(garbage(random, slot), SLOTS_AT + slot * 2);
    }
    ring.words[RSP_PROD] = random.chance(0.02) ? random.next() | 0 : count;
    const behind = scene.memory.bytes.subarray(8 * 18 * 4096).fill(0xa5);
    for (const bytes of receive(scene, 1 + random.below(8))) {
      frames++;
      expect(bytes.length).toBeGreaterThanOrEqual(24);
      expect(bytes.length).toBeLessThan(18 * 4096);
    }
    expect(Buffer.compare(behind, UNTOUCHED)).toBe(0);
    lies += scene.lies.length;
    expect(scene.lies.length).toBeLessThanOrEqual(1);
  }
  expect(frames).toBeGreaterThan(200);
  expect(lies).toBeGreaterThan(100);
});
