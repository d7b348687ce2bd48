/** IPv4 from guests to the outside and back, translated: frames as they come and as they go on. */

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
  INNER_IP,
  type NetworkScene,
  networkScene,
  OUTER_IP,
  OUTSIDE,
  out,
  ROUTER_IP,
  toA,
  toB,
  toRouter,
} from '../../../test/net/network-scene.ts';

const WEB = '203.0.113.7';
const [SYN, ACK, FIN, RST, SYNACK] = [2, 16, 17, 4, 18];

const packet = (
  from: string,
  to: string,
  protocol: number,
  body: make.Bytes,
  rest: Partial<make.Ip4> = {},
): make.Bytes => make.packet4({ from, to, protocol, ...rest }, body);

function met(options: Parameters<typeof networkScene>[0] = {}): NetworkScene {
  const scene = networkScene(options);
  scene.meet();
  return scene;
}

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
});

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
    const large = packet(A_IP, WEB, 17, make.udp(4000, 99, new Array(700).fill(1)));
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
