/** IPv6 through the gateway: neighbours, routers, what goes on and what does not. */

import { describe, expect, it } from 'vitest';
import * as make from '../../../test/net/frames.ts';
import {
  A_MAC,
  at,
  CONFIG,
  INNER_MAC,
  type NetworkScene,
  networkScene,
  OUTER_MAC,
  OUTSIDE,
  out,
  ROUTER_MAC,
} from '../../../test/net/network-scene.ts';
import type { GatewayConfig } from './config.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(make.ip6(text));
const A = 'fd00:1::a';
const OURS = 'fd00:1::1';
const OUTER = 'fe80::99';
const ROUTER = 'fe80::1';
const LINK = 'fe80::fcff:ffff:feff:ffff';
const WEB = '2001:db8::7';
const config: GatewayConfig = {
  ...CONFIG,
  ip6: {
    ...{ prefix: bytes('fd00:1::'), address: bytes(OURS), outside: bytes(OUTER) },
    ...{ router: bytes(ROUTER), isProxy: true, dns: bytes('2001:db8::53') },
  },
};

type Ip = Partial<make.Ip6>;
const frame = (to: string, mac: string, ip: make.Ip6, body: make.Bytes, offload?: make.Offload) =>
  make.offloaded(make.ether(to, mac, make.IPV6, make.packet6(ip, body)), offload);
const mac = (type: number, text: string): make.Bytes => [type, 1, ...make.mac(text)];
const ndp = { protocol: 58, hops: 255 };
const solicit = (target: string, rest: make.Bytes): make.Bytes => [
  ...[135, 0, 0, 0, 0, 0, 0, 0, ...make.ip6(target), ...rest],
];
const advert = (target: string, flags: number, own: string): make.Bytes => [
  ...[136, 0, 0, 0, flags, 0, 0, 0, ...make.ip6(target), ...mac(2, own)],
];

const scene = (): NetworkScene => {
  const made = networkScene({ config });
  made.send(
    1,
    frame(INNER_MAC, A_MAC, { from: A, to: OURS, ...ndp }, solicit(OURS, mac(1, A_MAC))),
  );
  const ask = { from: ROUTER, to: OUTER, ...ndp };
  made.send(OUTSIDE, frame(OUTER_MAC, ROUTER_MAC, ask, solicit(OUTER, mac(1, ROUTER_MAC))));
  return made;
};

const fromA = (body: make.Bytes, ip: Ip = {}, offload?: make.Offload): Uint8Array =>
  frame(INNER_MAC, A_MAC, { from: A, to: WEB, protocol: 17, ...ip }, body, offload);
const toRouter = (body: make.Bytes, ip: Ip = {}, offload?: make.Offload): Uint8Array =>
  frame(ROUTER_MAC, OUTER_MAC, { from: A, to: WEB, protocol: 17, hops: 63, ...ip }, body, offload);
const fromRouter = (body: make.Bytes, ip: Ip = {}): Uint8Array =>
  frame(OUTER_MAC, ROUTER_MAC, { from: WEB, to: A, protocol: 17, ...ip }, body);
const toA = (body: make.Bytes, ip: Ip = {}): Uint8Array =>
  frame(A_MAC, INNER_MAC, { from: WEB, to: A, protocol: 17, hops: 63, ...ip }, body);

describe('neighbours', () => {
  it.each([
    ['our address of the network', OURS],
    ['our address of the link', LINK],
  ])('%s is answered for', (_, target) => {
    const made = networkScene({ config });
    const ask = frame(
      '33:33:ff:00:00:01',
      A_MAC,
      { from: A, to: 'ff02::1:ff00:1', ...ndp },
      solicit(target, mac(1, A_MAC)),
    );
    const got = made.send(1, ask).filter(([port]) => port === 1);
    const answer = { from: target, to: A, ...ndp };
    expect(got).toEqual([at(1, frame(A_MAC, INNER_MAC, answer, advert(target, 0xe0, INNER_MAC)))]);
  });

  it('who asks whether an address of ours is free is told by all', () => {
    const ask = frame(
      '33:33:ff:00:00:01',
      A_MAC,
      { from: '::', to: 'ff02::1:ff00:1', ...ndp },
      solicit(OURS, []),
    );
    const got = networkScene({ config })
      .send(1, ask)
      .filter(([, one]) => one[64] === 136);
    const told = { from: OURS, to: 'ff02::1', ...ndp };
    const want = frame('33:33:00:00:00:01', INNER_MAC, told, advert(OURS, 0xa0, INNER_MAC));
    expect(got).toEqual([1, 2].map((port) => at(port, want)));
  });

  it('on the outside addresses of the inside are answered for', () => {
    const made = scene();
    const ask = { from: ROUTER, to: 'ff02::1:ff00:a', ...ndp };
    const got = made.send(
      OUTSIDE,
      frame('33:33:ff:00:00:0a', ROUTER_MAC, ask, solicit(A, mac(1, ROUTER_MAC))),
    );
    const answer = { from: A, to: ROUTER, ...ndp };
    expect(got).toEqual([out(frame(ROUTER_MAC, OUTER_MAC, answer, advert(A, 0xe0, OUTER_MAC)))]);
    const other = frame(
      '33:33:ff:00:00:0a',
      ROUTER_MAC,
      ask,
      solicit('fd00:2::a', mac(1, ROUTER_MAC)),
    );
    expect(made.send(OUTSIDE, other)).toEqual([]);
  });

  it('are asked before a frame goes on', () => {
    const made = networkScene({ config });
    const ask = { from: OUTER, to: 'ff02::1:ff00:1', ...ndp };
    expect(made.send(1, fromA(make.udp(1, 2)))).toEqual([
      out(frame('33:33:ff:00:00:01', OUTER_MAC, ask, solicit(ROUTER, mac(1, OUTER_MAC)))),
    ]);
    const told = frame(
      OUTER_MAC,
      ROUTER_MAC,
      { from: ROUTER, to: OUTER, ...ndp },
      advert(ROUTER, 0xe0, ROUTER_MAC),
    );
    expect(made.send(OUTSIDE, told)).toEqual([out(toRouter(make.udp(1, 2)))]);
  });
});

it('tells the inside of the router, network and name server, at once and when asked', () => {
  const made = networkScene({ config });
  const body = [
    ...[134, 0, 0, 0, 64, 0, ...make.be16(1800), 0, 0, 0, 0, 0, 0, 0, 0, ...mac(1, INNER_MAC)],
    ...[5, 1, 0, 0, ...make.be32(1500), 3, 4, 64, 0xc0, ...make.be32(86_400), ...make.be32(14_400)],
    ...[0, 0, 0, 0, ...make.ip6('fd00:1::'), 25, 3, 0, 0, ...make.be32(1800)],
    ...make.ip6('2001:db8::53'),
  ];
  const all = { from: LINK, to: 'ff02::1', ...ndp };
  const want = frame('33:33:00:00:00:01', INNER_MAC, all, body);
  expect(made.pass(1000)).toEqual([1, 2].map((port) => at(port, want)));
  expect(made.pass(150_000)).toEqual([]);
  expect(made.pass(100_000)).toHaveLength(2);
  const ask = frame(
    '33:33:00:00:00:02',
    A_MAC,
    { from: 'fe80::a', to: 'ff02::2', ...ndp },
    [133, 0, 0, 0, 0, 0, 0, 0],
  );
  const told = { from: LINK, to: 'fe80::a', ...ndp };
  expect(made.send(1, ask).filter(([, one]) => one[64] === 134)).toEqual([
    at(1, frame(A_MAC, INNER_MAC, told, body)),
  ]);
});

describe('goes on', () => {
  it('out and back, as it is but for a hop', () => {
    const made = scene();
    expect(made.send(1, fromA(make.udp(5, 6, [1])))).toEqual([out(toRouter(make.udp(5, 6, [1])))]);
    expect(made.send(OUTSIDE, fromRouter(make.udp(6, 5, [2])))).toEqual([
      at(1, toA(make.udp(6, 5, [2]))),
    ]);
  });

  it('still to be cut, with blank sums', () => {
    const made = scene();
    made.send(1, fromA(make.tcp(5, 6, 2), { protocol: 6 }));
    const offload = { csum: [54, 16], gso: [4, 1428], headers: 74 } as const;
    const body = make.tcp(5, 6, 16, new Array(20_000).fill(1));
    const ip = { protocol: 6, sum: 'blank' } as const;
    expect(made.send(1, fromA(body, ip, offload))).toEqual([out(toRouter(body, ip, offload))]);
  });

  it('an error about what went out', () => {
    const made = scene();
    const sent = make.packet6({ from: A, to: WEB, protocol: 17, hops: 63 }, make.udp(5, 6));
    const error = make.icmp(2, 0, 1400, sent);
    const ip = { from: ROUTER.replace('fe80', '2001:db8'), protocol: 58 };
    expect(made.send(OUTSIDE, fromRouter(error, ip))).toEqual([]);
    made.send(1, fromA(make.udp(5, 6)));
    expect(made.send(OUTSIDE, fromRouter(error, ip))).toEqual([at(1, toA(error, ip))]);
  });

  it('not from nor to where it does not belong', () => {
    const made = scene();
    const udp = make.udp(5, 6);
    const frames: [number, Uint8Array][] = [
      [1, fromA(udp, { from: 'fd00:2::a' })],
      [1, fromA(udp, { from: OURS })],
      [1, fromA(udp, { to: 'fe80::1' })],
      [1, fromA(udp, { to: '::1' })],
      [OUTSIDE, fromRouter(udp, { from: 'fd00:1::b' })],
      [OUTSIDE, fromRouter(udp, { to: 'fd00:2::b' })],
      [OUTSIDE, fromRouter(udp, { from: 'fe80::1' })],
    ];
    for (const [port, one] of frames) expect(made.send(port, one)).toEqual([]);
    expect(made.counted()['impossible addresses']).toBe(frames.length);
  });

  it('not at the end of its life, nor too large, which its sender is told', () => {
    const made = scene();
    const ip = { from: OURS, to: A, protocol: 58 };
    const old = make.packet6({ from: A, to: WEB, protocol: 17, hops: 1 }, make.udp(5, 6));
    expect(made.send(1, fromA(make.udp(5, 6), { hops: 1 }))).toEqual([
      at(1, frame(A_MAC, INNER_MAC, ip, make.icmp(3, 0, 0, old))),
    ]);
    const large = make.udp(5, 6, new Array(1500).fill(1));
    const quoted = make.packet6({ from: A, to: WEB, protocol: 17 }, large).slice(0, 1232);
    expect(made.send(1, fromA(large))).toEqual([
      at(1, frame(A_MAC, INNER_MAC, ip, make.icmp(2, 0, 1500, quoted))),
    ]);
  });
});

it('our address answers echoes', () => {
  const made = scene();
  const ask = frame(
    INNER_MAC,
    A_MAC,
    { from: A, to: OURS, protocol: 58 },
    make.icmp(128, 0, 9, [1]),
  );
  const ip = { from: OURS, to: A, protocol: 58 };
  expect(made.send(1, ask)).toEqual([
    at(1, frame(A_MAC, INNER_MAC, ip, make.icmp(129, 0, 9, [1]))),
  ]);
});
