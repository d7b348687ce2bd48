/** ICMP errors through the gateway, and its own. */

import { describe, expect, it } from 'vitest';
import * as make from '../../../test/net/frames.ts';
import {
  A_IP,
  at,
  CONFIG,
  fromA,
  fromRouter,
  INNER_IP,
  met,
  OUTER_IP,
  OUTSIDE,
  out,
  packet,
  ROUTER_IP,
  toA,
  toRouter,
} from '../../../test/net/network-scene.ts';

const WEB = '203.0.113.7';
const SYN = 2;

describe('errors', () => {
  const syn = make.tcp(4000, 80, SYN);
  const quote = (source: string, ttl: number): make.Bytes =>
    packet(source, WEB, 6, syn, { ttl }).slice(0, 28);

  it('about what a guest sent are told to it in its own words', () => {
    const scene = met();
    scene.send(1, fromA(packet(A_IP, WEB, 6, syn)));
    const error = (to: string, quoted: make.Bytes, ttl: number): make.Bytes =>
      packet(ROUTER_IP, to, 1, make.icmp(3, 4, 1400, quoted), { ttl });
    // The router saw it with 63 hops left.
    expect(scene.send(OUTSIDE, fromRouter(error(OUTER_IP, quote(OUTER_IP, 63), 64)))).toEqual([
      at(1, toA(error(A_IP, quote(A_IP, 63), 63))),
    ]);
  });

  it('about what a guest got are told as of the outer address', () => {
    const scene = met();
    const there = make.udp(4000, 99);
    scene.send(1, fromA(packet(A_IP, WEB, 17, there)));
    const back = (to: string): make.Bytes => packet(WEB, to, 17, make.udp(99, 4000, [1, 2]));
    const error = (from: string, to: string, ttl: number): make.Bytes =>
      packet(from, WEB, 1, make.icmp(3, 3, 0, back(to)), { ttl });
    expect(scene.send(1, fromA(error(A_IP, A_IP, 64)))).toEqual([
      out(toRouter(error(OUTER_IP, OUTER_IP, 63))),
    ]);
  });

  it.each([
    [
      'about no connection',
      fromRouter(packet(ROUTER_IP, OUTER_IP, 1, make.icmp(3, 1, 0, quote(OUTER_IP, 63)))),
    ],
    ['that are damaged', fromRouter(packet(ROUTER_IP, OUTER_IP, 1, make.icmp(3, 1, 0, [1, 2, 3])))],
    [
      'that quote too little',
      fromRouter(
        packet(ROUTER_IP, OUTER_IP, 1, make.icmp(3, 1, 0, quote(OUTER_IP, 63).slice(0, 27))),
      ),
    ],
  ])('%s are dropped', (_, frame) => {
    expect(met().send(OUTSIDE, frame)).toEqual([]);
  });

  it('of ours: at the end of its life, too large, and never about an error', () => {
    const scene = met({ config: { ...CONFIG, outside: { ...CONFIG.outside, mtu: 600 } } });
    const old = packet(A_IP, WEB, 6, syn, { ttl: 1 });
    expect(scene.send(1, fromA(old))).toEqual(
      [
        at(1, toA(packet(INNER_IP, A_IP, 1, make.icmp(11, 0, 0, old), { id: expect.anything() }))),
      ].map(([port, frame]) => [port, expect.toSatisfy((got: number[]) => sameButId(got, frame))]),
    );
    const large = packet(A_IP, WEB, 17, make.udp(4000, 99, new Array(700).fill(1)), {
      fragment: 0x4000,
    });
    const [[port, told]] = scene.send(1, fromA(large)) as [[number, number[]]];
    expect([port, told.slice(44, 52)]).toEqual([1, [3, 4, told[46], told[47], 0, 0, 2, 88]]);
    expect(told.slice(52)).toEqual(large.slice(0, 548));
    const error = packet(A_IP, WEB, 1, make.icmp(3, 1, 0, old), { ttl: 1 });
    expect(scene.send(1, fromA(error))).toEqual([]);
  });

  it('of ours are a hundred in a second', () => {
    const scene = met();
    const old = fromA(packet(A_IP, WEB, 6, syn, { ttl: 1 }));
    const told = Array.from({ length: 300 }, () => scene.send(1, old).length);
    expect(told.reduce((a, b) => a + b)).toBe(100);
  });
});

/** Numbers of our own packets are nobody's business: they and the sum that covers them. */
function sameButId(got: number[], want: readonly number[]): boolean {
  const without = (bytes: readonly number[]): string =>
    bytes.filter((_, i) => ![28, 29, 34, 35].includes(i)).join();
  return without(got) === without(want) && make.naiveChecksum(got.slice(24, 44)) === 0;
}
