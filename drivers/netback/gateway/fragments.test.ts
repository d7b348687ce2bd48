import { describe, expect, it } from 'vitest';
import * as make from '../../../test/net/frames.ts';
import {
  A_IP,
  at,
  B_IP,
  CONFIG,
  fromA,
  fromB,
  fromRouter,
  met,
  OUTER_IP,
  OUTSIDE,
  out,
  packet,
  toA,
  toRouter,
} from '../../../test/net/network-scene.ts';

const WEB = '203.0.113.7';

describe('pieces', () => {
  const bytes = Array.from({ length: 64 }, (_, i) => i);
  /** Two pieces of one datagram, summed as a whole. */
  const pieces = (
    source: string,
    to: string,
    id: number,
    ttl = 64,
    whole = make.udp(4000, 99, bytes),
  ): make.Bytes[] => {
    const body = packet(source, to, 17, whole).slice(20);
    const none = { sum: 'none', id, ttl } as const;
    return [
      packet(source, to, 17, body.slice(0, 40), { ...none, fragment: 0x2000 }),
      packet(source, to, 17, body.slice(40), { ...none, fragment: 5 }),
    ];
  };

  it('go out as the first one does, under a number of ours', () => {
    const scene = met();
    const [first, second] = pieces(A_IP, WEB, 77).map((piece) => scene.send(1, fromA(piece)));
    const id = ((first?.[0]?.[1][28] ?? 0) << 8) | (first?.[0]?.[1][29] ?? 0);
    expect(id).not.toBe(77);
    const want = pieces(OUTER_IP, WEB, id, 63).map((piece) => [out(toRouter(piece))]);
    expect([first, second]).toEqual(want);
  });

  it('come back to the same guest', () => {
    const scene = met();
    scene.send(1, fromA(packet(A_IP, WEB, 17, make.udp(4000, 99))));
    const whole = make.udp(99, 4000, bytes);
    const want = pieces(WEB, A_IP, 5, 63, whole);
    const back = pieces(WEB, OUTER_IP, 5, 64, whole);
    for (const [i, piece] of back.entries()) {
      expect(scene.send(OUTSIDE, fromRouter(piece))).toEqual([at(1, toA(want[i] as make.Bytes))]);
    }
  });

  it('without their first are dropped, and after half a minute', () => {
    const scene = met();
    const [first, second] = pieces(A_IP, WEB, 77) as [make.Bytes, make.Bytes];
    expect(scene.send(1, fromA(second))).toEqual([]);
    expect(scene.send(1, fromA(first))).toHaveLength(1);
    scene.pass(32_000);
    scene.meet();
    expect(scene.send(1, fromA(second))).toEqual([]);
    expect(scene.counted()['a fragment without its first']).toBe(2);
  });

  it('of one guest leave others room', () => {
    const scene = met();
    for (let id = 0; id < 40; id++)
      scene.send(1, fromA((pieces(A_IP, WEB, id) as [make.Bytes])[0]));
    expect(scene.counted()['a fragment without its first']).toBe(8);
    expect(scene.send(2, fromB((pieces(B_IP, WEB, 1) as [make.Bytes])[0]))).toHaveLength(1);
  });

  it('are made of what is too large, and may be cut, with its sum whole', () => {
    const scene = met({ config: { ...CONFIG, outside: { ...CONFIG.outside, mtu: 600 } } });
    const large = make.udp(4000, 99, new Array(1300).fill(9));
    const sent = scene.send(
      1,
      fromA(packet(A_IP, WEB, 17, large, { sum: 'blank' }), { csum: [34, 6] }),
    );
    const id = ((sent[0]?.[1][28] ?? 0) << 8) | (sent[0]?.[1][29] ?? 0);
    const body = packet(OUTER_IP, WEB, 17, large).slice(20);
    const piece = (from: number, to: number, fragment: number) =>
      out(
        toRouter(
          packet(OUTER_IP, WEB, 17, body.slice(from, to), {
            ...{ sum: 'none', id, ttl: 63, fragment },
          }),
        ),
      );
    expect(sent).toEqual([
      piece(0, 576, 0x2000),
      piece(576, 1152, 0x2000 | 72),
      piece(1152, 1308, 144),
    ]);
  });

  it('are cut again', () => {
    const scene = met({ config: { ...CONFIG, outside: { ...CONFIG.outside, mtu: 576 } } });
    const body = packet(A_IP, WEB, 17, make.udp(4000, 99, new Array(1200).fill(1))).slice(20);
    const none = { sum: 'none', id: 3 } as const;
    const first = packet(A_IP, WEB, 17, body.slice(0, 800), { ...none, fragment: 0x2000 });
    const last = packet(A_IP, WEB, 17, body.slice(800), { ...none, fragment: 100 });
    const words = (got: readonly (readonly [number, number[]])[]) =>
      got.map(([, frame]) => ((frame[30] as number) << 8) | (frame[31] as number));
    expect(words(scene.send(1, fromA(first)))).toEqual([0x2000, 0x2000 | 69]);
    expect(words(scene.send(1, fromA(last)))).toEqual([100]);
  });
});
