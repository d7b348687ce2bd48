/** What the gateway answers by itself: ARP, DHCP, DNS, echoes, neighbours and routers of IPv6. */

import { describe, expect, it } from 'vitest';
import { formatIp4 } from '../../../shared/net/address-text.ts';
import * as make from '../../../test/net/frames.ts';
import {
  A_IP,
  A_MAC,
  at,
  B_MAC,
  CONFIG,
  fromA,
  fromB,
  fromRouter,
  INNER_IP,
  INNER_MAC,
  type NetworkScene,
  networkScene,
  OUTER_IP,
  OUTER_MAC,
  OUTSIDE,
  out,
  ROUTER_IP,
  ROUTER_MAC,
  toA,
  toRouter,
} from '../../../test/net/network-scene.ts';

const ALL = 'ff:ff:ff:ff:ff:ff';
const NOBODY = '00:00:00:00:00:00';
const met = (options: Parameters<typeof networkScene>[0] = {}): NetworkScene => {
  const scene = networkScene(options);
  scene.meet();
  return scene;
};
const arp = (to: string, from: string, body: make.Bytes): Uint8Array =>
  make.offloaded(make.ether(to, from, make.ARP, body));

describe('ARP', () => {
  it('answers for our address on each side, and for no other', () => {
    const scene = networkScene();
    const ask = (ip: string) => arp(ALL, A_MAC, make.arp(1, [A_MAC, A_IP], [NOBODY, ip]));
    const answer = make.arp(2, [INNER_MAC, INNER_IP], [A_MAC, A_IP]);
    const own = scene.send(1, ask(INNER_IP)).filter(([port]) => port === 1);
    expect(own).toEqual([at(1, arp(A_MAC, INNER_MAC, answer))]);
    expect(scene.send(1, ask('10.0.0.77')).filter(([port]) => port !== 2)).toEqual([]);
    expect(scene.send(1, ask(OUTER_IP)).filter(([port]) => port !== 2)).toEqual([]);
  });

  it('is asked before a frame goes on, which waits for the answer', () => {
    const scene = networkScene();
    const body = make.packet4({ from: A_IP, to: '8.8.8.8', protocol: 17 }, make.udp(4000, 5));
    const ask = make.arp(1, [OUTER_MAC, OUTER_IP], [NOBODY, ROUTER_IP]);
    expect(scene.send(1, fromA(body))).toEqual([out(arp(ALL, OUTER_MAC, ask))]);
    const told = make.arp(2, [ROUTER_MAC, ROUTER_IP], [OUTER_MAC, OUTER_IP]);
    const sent = make.packet4(
      { from: OUTER_IP, to: '8.8.8.8', protocol: 17, ttl: 63 },
      make.udp(4000, 5),
    );
    expect(scene.send(OUTSIDE, arp(OUTER_MAC, ROUTER_MAC, told))).toEqual([out(toRouter(sent))]);
  });

  it('asks three times, and then no more', () => {
    const scene = networkScene();
    const body = make.packet4({ from: A_IP, to: '8.8.8.8', protocol: 17 }, make.udp(4000, 5));
    expect(scene.send(1, fromA(body))).toHaveLength(1);
    expect(scene.pass(20_000)).toHaveLength(2);
    expect(scene.counted()['nobody answers there']).toBe(1);
  });

  it('of whom nobody asked, and of who says that he is us, is not believed', () => {
    const scene = networkScene();
    const gratuitous = make.arp(2, [ROUTER_MAC, ROUTER_IP], [ROUTER_MAC, ROUTER_IP]);
    scene.send(OUTSIDE, arp(ALL, ROUTER_MAC, gratuitous));
    const body = make.packet4({ from: A_IP, to: '8.8.8.8', protocol: 17 }, make.udp(4000, 5));
    expect(scene.send(1, fromA(body))[0]?.[1].slice(10, 16)).toEqual(make.mac(ALL));
    const us = make.arp(1, [A_MAC, INNER_IP], [NOBODY, INNER_IP]);
    scene.send(1, arp(ALL, A_MAC, us));
    expect(scene.counted()['impossible addresses']).toBe(1);
  });
});

it('our address on the inside answers echoes, that on the outside does not', () => {
  const scene = met();
  const echo = make.packet4(
    { from: A_IP, to: INNER_IP, protocol: 1 },
    make.icmp(8, 0, 5, [1, 2, 3]),
  );
  const [[port, got]] = scene.send(1, fromA(echo)) as [[number, number[]]];
  const id = ((got[28] as number) << 8) | (got[29] as number);
  const ip = { from: INNER_IP, to: A_IP, protocol: 1, id };
  const reply = make.packet4(ip, make.icmp(0, 0, 5, [1, 2, 3]));
  expect([port, got]).toEqual([1, [...toA(reply)]]);
  const outer = make.packet4({ from: ROUTER_IP, to: OUTER_IP, protocol: 1 }, make.icmp(8, 0, 5));
  expect(scene.send(OUTSIDE, fromRouter(outer))).toEqual([]);
});

describe('DHCP', () => {
  const message = (
    mac: string,
    options: make.Bytes,
    rest: { ip?: string; flags?: number } = {},
  ) => [
    ...[1, 1, 6, 0, ...make.be32(0xabcd), 0, 0, ...make.be16(rest.flags ?? 0)],
    ...[...make.be32(make.ip4(rest.ip ?? '0.0.0.0')), ...new Array(12).fill(0), ...make.mac(mac)],
    ...[...new Array(202).fill(0), 0x63, 0x82, 0x53, 0x63, ...options, 255],
  ];
  const ask = (mac: string, options: make.Bytes, rest: { ip?: string; flags?: number } = {}) => {
    const ip = { from: rest.ip ?? '0.0.0.0', to: '255.255.255.255', protocol: 17 };
    const body = make.packet4(ip, make.udp(68, 67, message(mac, options, rest)));
    return make.offloaded(make.ether(ALL, mac, make.IPV4, body));
  };
  const wants = (ip: string): make.Bytes => [50, 4, ...make.be32(make.ip4(ip))];
  /** Type and address of the answer. */
  const said = (got: readonly (readonly [number, number[]])[], port: number): string => {
    const frame = got.filter(([to, bytes]) => to === port && bytes[47] === 68)[0]?.[1];
    if (frame === undefined) return 'nothing';
    const dhcp = frame.slice(52);
    const ip = dhcp.slice(16, 20).reduce((all, byte) => all * 256 + byte, 0);
    return `${dhcp[242]} ${formatIp4(ip)}`;
  };

  it('gives an address, and the same one again', () => {
    const scene = networkScene();
    expect(said(scene.send(1, ask(A_MAC, [53, 1, 1])), 1)).toBe('2 10.0.0.100');
    const request = [53, 1, 3, ...wants('10.0.0.100'), 54, 4, ...make.be32(make.ip4(INNER_IP))];
    expect(said(scene.send(1, ask(A_MAC, request)), 1)).toBe('5 10.0.0.100');
    expect(said(scene.send(2, ask(B_MAC, [53, 1, 1])), 2)).toBe('2 10.0.0.101');
    scene.pass(3_000_000);
    expect(said(scene.send(1, ask(A_MAC, [53, 1, 1])), 1)).toBe('2 10.0.0.100');
  });

  it.each([
    ['one that it wants', [53, 1, 1, ...wants('10.0.0.102')], '2 10.0.0.102'],
    ['another one than what is not ours', [53, 1, 1, ...wants('10.0.0.9')], '2 10.0.0.100'],
    ['none that is not ours to give', [53, 1, 3, ...wants('10.0.0.9')], '6 0.0.0.0'],
    ['what it asks to know', [53, 1, 8], '5 0.0.0.0'],
    ['nothing where another server is meant', [53, 1, 3, 54, 4, 10, 0, 0, 2], 'nothing'],
  ])('%s', (_, options, want) => {
    expect(said(networkScene().send(1, ask(A_MAC, options)), 1)).toBe(want);
  });

  it('tells mask, router, name server, MTU and times', () => {
    const [, [, frame]] = networkScene().send(1, ask(A_MAC, [53, 1, 1])) as [
      unknown,
      [number, number[]],
    ];
    const ours = make.be32(make.ip4(INNER_IP));
    const want = [53, 1, 2, 54, 4, ...ours, 1, 4, 255, 255, 255, 0, 3, 4, ...ours, 6, 4, ...ours];
    const times = [51, 4, ...make.be32(3600), 58, 4, ...make.be32(1800), 59, 4, ...make.be32(3150)];
    expect(frame.slice(292, 292 + want.length)).toEqual(want);
    const rest = frame.slice(292 + want.length);
    expect(rest.slice(0, 23)).toEqual([26, 2, 5, 220, ...times, 255]);
  });

  it('a station has its reserved address, and nobody else gets it', () => {
    const mac = Uint8Array.from(make.mac(A_MAC));
    const dhcp = { ...CONFIG.dhcp, reserved: [{ mac, ip4: make.ip4('10.0.0.100') }] };
    const scene = networkScene({ config: { ...CONFIG, dhcp } as typeof CONFIG });
    expect(said(scene.send(2, ask(B_MAC, [53, 1, 1, ...wants('10.0.0.100')])), 2)).toBe(
      '2 10.0.0.101',
    );
    expect(said(scene.send(1, ask(A_MAC, [53, 1, 1])), 1)).toBe('2 10.0.0.100');
  });

  it('what is released, not taken up or declined', () => {
    const scene = networkScene();
    scene.send(1, ask(A_MAC, [53, 1, 1]));
    scene.send(1, ask(A_MAC, [53, 1, 7], { ip: '10.0.0.100' }));
    expect(said(scene.send(2, ask(B_MAC, [53, 1, 1])), 2)).toBe('2 10.0.0.100');
    scene.pass(40_000);
    expect(said(scene.send(1, ask(A_MAC, [53, 1, 1, ...wants('10.0.0.100')])), 1)).toBe(
      '2 10.0.0.100',
    );
    scene.send(1, ask(A_MAC, [53, 1, 4, ...wants('10.0.0.100')]));
    expect(said(scene.send(1, ask(A_MAC, [53, 1, 1])), 1)).toBe('2 10.0.0.101');
    scene.pass(700_000);
    expect(said(scene.send(2, ask(B_MAC, [53, 1, 1, ...wants('10.0.0.100')])), 2)).toBe(
      '2 10.0.0.100',
    );
  });

  it('a full range has no more, and one port does not take it all', () => {
    const ports = { 1: { id: 1 }, 2: { id: 2 } };
    const dhcp = { first: make.ip4('10.0.0.100'), last: make.ip4('10.0.0.109') };
    const scene = networkScene({ ports, config: { ...CONFIG, dhcp } });
    const mac = (i: number): string => `02:00:00:00:00:${i.toString(16).padStart(2, '0')}`;
    const given = (port: number, from: number): string[] =>
      Array.from({ length: 9 }, (_, i) =>
        said(scene.send(port, ask(mac(from + i), [53, 1, 1])), port),
      );
    expect(given(1, 0).filter((one) => one !== 'nothing')).toHaveLength(8);
    expect(given(2, 20).filter((one) => one !== 'nothing')).toHaveLength(2);
  });

  it('is for the inside alone', () => {
    const scene = networkScene();
    expect(scene.send(OUTSIDE, ask(ROUTER_MAC, [53, 1, 1]))).toEqual([]);
  });
});

describe('DNS', () => {
  const NAME = [3, 119, 119, 119, 0, 0, 1, 0, 1];
  const dns = (id: number, flags: number, name: make.Bytes = NAME): make.Bytes => [
    ...[...make.be16(id), ...make.be16(flags), 0, 1, 0, 0, 0, 0, 0, 0, ...name],
  ];
  const SERVER = '198.51.100.53';
  const question = (id = 7): Uint8Array =>
    fromA(
      make.packet4({ from: A_IP, to: INNER_IP, protocol: 17 }, make.udp(5000, 53, dns(id, 0x100))),
    );
  const asked = (scene: NetworkScene, frame = question()): [number, number, number[]] => {
    const [[port, got]] = scene.send(1, frame) as [[number, number[]]];
    expect([port, got.slice(40, 44)]).toEqual([OUTSIDE, make.be32(make.ip4(SERVER))]);
    const word = (place: number): number =>
      ((got[place] as number) << 8) | (got[place + 1] as number);
    return [word(44), word(52), got];
  };
  const answer = (port: number, body: make.Bytes, from = SERVER): Uint8Array =>
    fromRouter(make.packet4({ from, to: OUTER_IP, protocol: 17 }, make.udp(53, port, body)));

  it('goes on under an id and a port of ours, and its answer comes back under its own', () => {
    const scene = met();
    const [port, id, got] = asked(scene);
    expect(got.slice(54)).toEqual(dns(7, 0x100).slice(2));
    const [[to, back]] = scene.send(OUTSIDE, answer(port, dns(id, 0x8180))) as [[number, number[]]];
    expect([to, back.slice(36, 48)]).toEqual([
      1,
      [...make.be32(make.ip4(INNER_IP)), ...make.be32(make.ip4(A_IP)), 0, 53, ...make.be16(5000)],
    ]);
    expect(back.slice(52)).toEqual(dns(7, 0x8180));
    expect(scene.send(OUTSIDE, answer(port, dns(id, 0x8180)))).toEqual([]);
  });

  it.each([
    ['another id', (id: number) => dns(id ^ 1, 0x8180), 0, SERVER],
    ['another port', (id: number) => dns(id, 0x8180), 1, SERVER],
    ['another server', (id: number) => dns(id, 0x8180), 0, '198.51.100.54'],
    [
      'another question',
      (id: number) => dns(id, 0x8180, [3, 119, 119, 120, 0, 0, 1, 0, 1]),
      0,
      SERVER,
    ],
    ['no answer', (id: number) => dns(id, 0x100), 0, SERVER],
  ])('%s is not believed', (_, body, off, server) => {
    const scene = met();
    const [port, id] = asked(scene);
    expect(scene.send(OUTSIDE, answer(port ^ off, body(id), server))).toEqual([]);
    expect(scene.send(OUTSIDE, answer(port, dns(id, 0x8180)))).toHaveLength(1);
  });

  it('ids and ports follow no order, and questions are bounded by guest and by time', () => {
    const scene = met();
    const ports = new Set<number>();
    for (let i = 0; i < 64; i++) ports.add(asked(scene)[0]);
    expect(ports.size).toBe(64);
    expect(scene.send(1, question())).toEqual([]);
    const b = make.packet4(
      { from: '10.0.0.6', to: INNER_IP, protocol: 17 },
      make.udp(1, 53, dns(1, 0)),
    );
    expect(scene.send(2, fromB(b))).toHaveLength(1);
    scene.pass(7000);
    expect(scene.send(1, question())).toHaveLength(1);
  });
});
