/** IPv4 from guests to the outside and back, translated: frames as they come and as they go on. */

import { describe, expect, it } from 'vitest';
import * as make from '../../../test/net/frames.ts';
import {
  A_IP,
  at,
  B_IP,
  fromA,
  fromB,
  fromRouter,
  INNER_IP,
  met,
  type NetworkScene,
  OUTER_IP,
  OUTSIDE,
  out,
  packet,
  toA,
  toB,
  toRouter,
} from '../../../test/net/network-scene.ts';

const WEB = '203.0.113.7';
const [SYN, ACK, FIN, RST, SYNACK] = [2, 16, 17, 4, 18];

describe('out and back', () => {
  it.each([
    ['TCP', 6, make.tcp(4000, 80, SYN), make.tcp(80, 4000, SYNACK)],
    ['UDP', 17, make.udp(4000, 53, [1, 2, 3]), make.udp(53, 4000, [4, 5])],
    [
      'an echo',
      1,
      make.icmp(8, 0, (4000 << 16) | 7, [1, 2]),
      make.icmp(0, 0, (4000 << 16) | 7, [1]),
    ],
  ])('%s', (_, protocol, there, back) => {
    const scene = met();
    const sent = scene.send(1, fromA(packet(A_IP, WEB, protocol, there)));
    expect(sent).toEqual([out(toRouter(packet(OUTER_IP, WEB, protocol, there, { ttl: 63 })))]);
    const answer = packet(WEB, OUTER_IP, protocol, back, { ttl: 50 });
    expect(scene.send(OUTSIDE, fromRouter(answer))).toEqual([
      at(1, toA(packet(WEB, A_IP, protocol, back, { ttl: 49 }))),
    ]);
  });

  it('checksums left to the receiver stay so, in frames that are still to be cut, too', () => {
    const scene = met();
    const offload = { csum: [34, 16], gso: [1, 1448], headers: 54 } as const;
    const syn = make.tcp(4000, 80, SYN);
    scene.send(1, fromA(packet(A_IP, WEB, 6, syn)));
    const body = make.tcp(4000, 80, ACK, new Array(40_000).fill(5));
    const blank = { sum: 'blank' } as const;
    expect(scene.send(1, fromA(packet(A_IP, WEB, 6, body, blank), offload))).toEqual([
      out(toRouter(packet(OUTER_IP, WEB, 6, body, { ...blank, ttl: 63 }), offload)),
    ]);
    const back = make.tcp(80, 4000, ACK, new Array(9000).fill(6));
    expect(scene.send(OUTSIDE, fromRouter(packet(WEB, OUTER_IP, 6, back, blank), offload))).toEqual(
      [at(1, toA(packet(WEB, A_IP, 6, back, { ...blank, ttl: 63 }), offload))],
    );
  });

  it('UDP without a checksum has none afterwards', () => {
    const body = make.udp(4000, 53, [1, 2, 3]);
    const none = { sum: 'none' } as const;
    expect(met().send(1, fromA(packet(A_IP, WEB, 17, body, none)))).toEqual([
      out(toRouter(packet(OUTER_IP, WEB, 17, body, { ...none, ttl: 63 }))),
    ]);
  });

  it('options and padding go on', () => {
    const options = [1, 7, 3, 4];
    const frame = fromA(packet(A_IP, WEB, 17, make.udp(4000, 53), { options }));
    const want = toRouter(packet(OUTER_IP, WEB, 17, make.udp(4000, 53), { options, ttl: 63 }));
    const pad = (one: Uint8Array): Uint8Array => Uint8Array.from([...one, 0, 0, 0, 0]);
    expect(met().send(1, pad(frame))).toEqual([out(pad(want))]);
  });
});

it('two guests with the same ports get two ports, and each its own answers', () => {
  const scene = met();
  scene.send(1, fromA(packet(A_IP, WEB, 17, make.udp(4000, 99))));
  const [sent] = scene.send(2, fromB(packet(B_IP, WEB, 17, make.udp(4000, 99))));
  const bytes = sent?.[1] ?? [];
  const port = ((bytes[44] ?? 0) << 8) | (bytes[45] ?? 0);
  expect(port).not.toBe(4000);
  expect(port).toBeGreaterThanOrEqual(1024);
  const answer = (to: number): Uint8Array =>
    fromRouter(packet(WEB, OUTER_IP, 17, make.udp(99, to, [to & 255])));
  const toB4000 = packet(WEB, B_IP, 17, make.udp(99, 4000, [port & 255]), { ttl: 63 });
  expect(scene.send(OUTSIDE, answer(port))).toEqual([at(2, toB(toB4000))]);
  const toA4000 = packet(WEB, A_IP, 17, make.udp(99, 4000, [4000 & 255]), { ttl: 63 });
  expect(scene.send(OUTSIDE, answer(4000))).toEqual([at(1, toA(toA4000))]);
});

describe('from without', () => {
  it('nothing comes in that nobody asked for', () => {
    const scene = met();
    for (const body of [make.tcp(80, 4000, SYN), make.tcp(80, 4000, ACK)]) {
      expect(scene.send(OUTSIDE, fromRouter(packet(WEB, OUTER_IP, 6, body)))).toEqual([]);
    }
    const echo = packet(WEB, OUTER_IP, 1, make.icmp(8, 0, 1));
    expect(scene.send(OUTSIDE, fromRouter(echo))).toEqual([]);
  });

  it('a port of ours leads to a guest, and its answers come from that port', () => {
    const scene = met();
    const syn = packet(WEB, OUTER_IP, 6, make.tcp(5000, 8080, SYN));
    expect(scene.send(OUTSIDE, fromRouter(syn))).toEqual([
      at(1, toA(packet(WEB, A_IP, 6, make.tcp(5000, 80, SYN), { ttl: 63 }))),
    ]);
    expect(scene.send(1, fromA(packet(A_IP, WEB, 6, make.tcp(80, 5000, SYNACK))))).toEqual([
      out(toRouter(packet(OUTER_IP, WEB, 6, make.tcp(8080, 5000, SYNACK), { ttl: 63 }))),
    ]);
  });
});

describe('what is impossible is dropped', () => {
  const udp = make.udp(4000, 99);
  const broken = (): Uint8Array => {
    const frame = fromA(packet(A_IP, WEB, 17, udp));
    frame[34] = (frame[34] as number) ^ 1;
    return frame;
  };
  it.each([
    ['a wrong sum of its header', 1, broken(), 'bad IP header'],
    [
      'a source of another network',
      1,
      fromA(packet('10.9.9.9', WEB, 17, udp)),
      'impossible addresses',
    ],
    ['our own address as source', 1, fromA(packet(INNER_IP, WEB, 17, udp)), 'impossible addresses'],
    ['a target of nobody', 1, fromA(packet(A_IP, '127.0.0.1', 17, udp)), 'impossible addresses'],
    [
      'a source route',
      1,
      fromA(packet(A_IP, WEB, 17, udp, { options: [131, 3, 4, 0] })),
      'impossible addresses',
    ],
    [
      'a protocol without ports',
      1,
      fromA(packet(A_IP, WEB, 47, [1, 2])),
      'a protocol that cannot be translated',
    ],
    [
      'TCP amid a connection',
      1,
      fromA(packet(A_IP, WEB, 6, make.tcp(1, 2, ACK))),
      'out of no connection',
    ],
    [
      'a guest as source',
      OUTSIDE,
      fromRouter(packet(A_IP, OUTER_IP, 17, udp)),
      'impossible addresses',
    ],
    ['a guest as target', OUTSIDE, fromRouter(packet(WEB, A_IP, 17, udp)), 'not for us'],
  ])('%s', (_, port, frame, want) => {
    const scene = met();
    const before = scene.counted()[want] ?? 0;
    expect(scene.send(port, frame)).toEqual([]);
    expect(scene.counted()[want]).toBe(before + 1);
  });
});

it('a guest has so many connections and no more, others theirs, and quiet ones end', () => {
  const scene = met();
  let sent = 0;
  for (let port = 1024; port < 2024; port++) {
    sent += scene.send(1, fromA(packet(A_IP, WEB, 17, make.udp(port, 99)))).length;
  }
  expect(sent).toBe(768);
  expect(scene.send(2, fromB(packet(B_IP, WEB, 17, make.udp(5, 99))))).toHaveLength(1);
  scene.pass(40_000);
  scene.meet();
  expect(scene.send(1, fromA(packet(A_IP, WEB, 17, make.udp(9999, 99))))).toHaveLength(1);
});

it('guests that take all they can leave some for those that have few', () => {
  const ids = [11, 12, 13, 14, 15, 16];
  const ports = Object.fromEntries(ids.map((id) => [id, { id }]));
  const scene = met({ ports: { ...ports, 1: { id: 1 } } });
  const udp = (port: number) => fromA(packet(A_IP, WEB, 17, make.udp(port, 99)));
  const sent = ids.map((id, i) => {
    let count = 0;
    for (let j = 0; j < 900; j++) count += scene.send(id, udp(1024 + 900 * i + j)).length;
    return count;
  });
  expect(sent).toEqual([768, 768, 768, 768, 64, 64]);
  expect(scene.send(1, udp(60_000))).toHaveLength(1);
});

describe('a connection of TCP', () => {
  const a = (flags: number) => fromA(packet(A_IP, WEB, 6, make.tcp(4000, 80, flags)));
  const web = (flags: number) => fromRouter(packet(WEB, OUTER_IP, 6, make.tcp(80, 4000, flags)));
  const run = (scene: NetworkScene, frames: [number, Uint8Array][]): number[] =>
    frames.map(([port, frame]) => scene.send(port, frame).length);
  const open = (scene: NetworkScene) =>
    run(scene, [
      [1, a(SYN)],
      [OUTSIDE, web(SYNACK)],
      [1, a(ACK)],
    ]);

  it.each([
    ['established, two hours', [], 7_000_000, 1],
    ['established, three hours', [], 10_800_000, 0],
    [
      'ended by both',
      [
        [1, a(FIN)],
        [OUTSIDE, web(FIN)],
        [1, a(ACK)],
      ],
      70_000,
      0,
    ],
    ['ended by one', [[1, a(FIN)]], 200_000, 1],
    ['reset', [[OUTSIDE, web(RST)]], 40_000, 0],
    [
      'reset, and going on',
      [
        [OUTSIDE, web(RST)],
        [1, a(ACK)],
      ],
      40_000,
      1,
    ],
  ] as [string, [number, Uint8Array][], number, number][])('%s', (_, frames, ms, want) => {
    const scene = met();
    expect(open(scene)).toEqual([1, 1, 1]);
    run(scene, frames);
    scene.pass(ms);
    scene.meet();
    expect(scene.send(OUTSIDE, web(ACK))).toHaveLength(want);
  });

  it('that was never answered is over in a minute', () => {
    const scene = met();
    scene.send(1, a(SYN));
    scene.pass(62_000);
    scene.meet();
    expect(scene.send(OUTSIDE, web(SYNACK))).toEqual([]);
  });
});
