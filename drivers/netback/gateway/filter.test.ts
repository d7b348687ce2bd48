/** Rules in a network: at the gateway, and between ports of a switch without one. */

import { describe, expect, it } from 'vitest';
import * as make from '../../../test/net/frames.ts';
import {
  A_IP,
  A_MAC,
  B_IP,
  B_MAC,
  fromA,
  fromRouter,
  type NetworkScene,
  networkScene,
  OUTER_IP,
  OUTSIDE,
  ROUTER_MAC,
} from '../../../test/net/network-scene.ts';
import { readRules } from '../rules/read.ts';
import type { RuleSet } from '../rules/rule.ts';

const WEB = '203.0.113.7';
const rules = (text: string): RuleSet => readRules('rules', text).set as RuleSet;
const [SYN, ACK, SYNACK] = [2, 16, 18];

describe('at the gateway', () => {
  const gated = (text: string): NetworkScene => {
    const scene = networkScene({ rules: rules(text) });
    scene.meet();
    return scene;
  };
  const a = (protocol: number, body: make.Bytes) =>
    fromA(make.packet4({ from: A_IP, to: WEB, protocol }, body));
  const web = (protocol: number, body: make.Bytes) =>
    fromRouter(make.packet4({ from: WEB, to: OUTER_IP, protocol }, body));

  it('a deny holds, and its counter counts', () => {
    const scene = gated('deny out tcp to any port 25\ndefault allow');
    expect(scene.send(1, a(6, make.tcp(4000, 25, SYN)))).toEqual([]);
    expect(scene.send(1, a(6, make.tcp(4000, 80, SYN)))).toHaveLength(1);
    expect([...(scene.net.rules?.counters ?? [])]).toEqual([1, 64, 1, 64]);
  });

  it('what was answered is established, what was not is new', () => {
    const scene = gated('allow established\nallow new on a out\ndefault deny');
    expect(scene.send(1, a(6, make.tcp(4000, 80, SYN)))).toHaveLength(1);
    expect(scene.send(OUTSIDE, web(6, make.tcp(80, 4000, SYNACK)))).toHaveLength(1);
    expect(scene.send(1, a(6, make.tcp(4000, 80, ACK)))).toHaveLength(1);
    expect([...(scene.net.rules?.counters ?? [])].filter((_, i) => i % 2 === 0)).toEqual([2, 1, 0]);
  });

  it('they see guests as they are, not as they are translated', () => {
    const scene = gated(`allow out from ${A_IP}\nallow in tcp to ${A_IP} port 80\ndefault deny`);
    expect(scene.send(OUTSIDE, web(6, make.tcp(5000, 8080, SYN)))).toHaveLength(1);
    expect(scene.send(1, a(17, make.udp(4000, 53)))).toHaveLength(1);
    expect(scene.send(OUTSIDE, web(17, make.udp(53, 4000)))).toEqual([]);
  });

  it('others hold at once when they are set, and vifs keep their names', () => {
    const scene = gated('default deny');
    expect(scene.send(1, a(17, make.udp(4000, 53)))).toEqual([]);
    expect(scene.net.setRules(rules('allow on a\ndefault deny'))).toMatchObject({ ok: true });
    expect(scene.send(1, a(17, make.udp(4000, 53)))).toHaveLength(1);
    scene.net.closePort(1);
    expect(scene.net.rules?.rules[0]?.port).toBe(-2);
    const wrong = { rules: [{ action: 'allow', family: 5, line: 0 }], otherwise: 'deny' } as const;
    expect(scene.net.setRules(wrong)).toMatchObject({ ok: false });
  });
});

it('a packet to another guest makes no connection by which one leaves untranslated', () => {
  const scene = networkScene({ rules: rules('default allow') });
  scene.meet();
  const ip = make.packet4({ from: A_IP, to: WEB, protocol: 17 }, make.udp(4000, 99));
  expect(scene.send(1, make.offloaded(make.ether(B_MAC, A_MAC, make.IPV4, ip)))).toHaveLength(1);
  const [[, frame]] = scene.send(1, fromA(ip)) as [[number, number[]]];
  expect(frame.slice(36, 40)).toEqual(make.be32(make.ip4(OUTER_IP)));
});

describe('between ports of a switch', () => {
  const switched = (text: string): NetworkScene => {
    const ports = { 1: { id: 1 }, 2: { id: 2 }, [OUTSIDE]: { id: 9, isUplink: true } };
    const scene = networkScene({
      rules: rules(text),
      ports,
      isSwitch: true,
    });
    const all = 'ff:ff:ff:ff:ff:ff';
    const arp = (mac: string, ip: string) =>
      make.offloaded(make.ether(all, mac, make.ARP, make.arp(1, [mac, ip], [all, ip])));
    expect(scene.send(1, arp(A_MAC, A_IP))).toHaveLength(2);
    scene.send(2, arp(B_MAC, B_IP));
    scene.send(OUTSIDE, arp(ROUTER_MAC, WEB));
    return scene;
  };
  const frame = (to: string, from: string, ip: make.Ip4, body: make.Bytes) =>
    make.offloaded(make.ether(to, from, make.IPV4, make.packet4(ip, body)));
  const aToB = (protocol: number, body: make.Bytes, rest: Partial<make.Ip4> = {}) =>
    frame(B_MAC, A_MAC, { from: A_IP, to: B_IP, protocol, ...rest }, body);
  const bToA = (protocol: number, body: make.Bytes, rest: Partial<make.Ip4> = {}) =>
    frame(A_MAC, B_MAC, { from: B_IP, to: A_IP, protocol, ...rest }, body);

  it('one may begin, and the other only answer', () => {
    const scene = switched(
      'allow established,related\nallow new on a between from 10.0.0.5\ndefault deny',
    );
    expect(scene.send(2, bToA(6, make.tcp(80, 4000, SYN)))).toEqual([]);
    expect(scene.send(1, aToB(6, make.tcp(4000, 80, SYN)))).toHaveLength(1);
    expect(scene.send(2, bToA(6, make.tcp(80, 4000, SYNACK)))).toHaveLength(1);
    expect(scene.send(2, bToA(6, make.tcp(80, 4001, SYN)))).toEqual([]);
    // Its error about what it got, and one about what it never got.
    const got = make.packet4({ from: A_IP, to: B_IP, protocol: 6 }, make.tcp(4000, 80, SYN));
    const never = make.packet4({ from: A_IP, to: B_IP, protocol: 6 }, make.tcp(4002, 80, SYN));
    expect(scene.send(2, bToA(1, make.icmp(3, 3, 0, got)))).toHaveLength(1);
    expect(scene.send(2, bToA(1, make.icmp(3, 3, 0, never)))).toEqual([]);
  });

  it('later pieces pass as the first did', () => {
    const scene = switched('allow udp to any port 99\ndefault deny');
    const body = make.udp(5, 99, new Array(24).fill(0)).with(5, 48);
    const first = (port: number, id: number) =>
      aToB(17, body.with(3, port), { fragment: 0x2000, id, sum: 'none' });
    const later = (id: number) => aToB(17, new Array(16).fill(1), { fragment: 4, id, sum: 'none' });
    expect(scene.send(1, later(7))).toEqual([]);
    expect([scene.send(1, first(99, 7)).length, scene.send(1, later(7)).length]).toEqual([1, 1]);
    expect([scene.send(1, first(98, 8)).length, scene.send(1, later(8)).length]).toEqual([0, 0]);
  });

  it.each([
    [
      'in',
      OUTSIDE,
      frame(A_MAC, ROUTER_MAC, { from: WEB, to: A_IP, protocol: 17 }, make.udp(1, 2)),
    ],
    ['out', 1, frame(ROUTER_MAC, A_MAC, { from: A_IP, to: WEB, protocol: 17 }, make.udp(1, 2))],
    ['between', 1, aToB(17, make.udp(1, 2))],
  ])('a packet goes %s', (direction, port, one) => {
    expect(switched(`allow ${direction}\ndefault deny`).send(port, one)).toHaveLength(1);
    expect(switched(`deny ${direction}\ndefault allow`).send(port, one)).toEqual([]);
  });

  it('what is neither IP nor ARP goes by the default', () => {
    const other = make.offloaded(make.ether(B_MAC, A_MAC, 0x88b5, [1, 2]));
    expect(switched('default allow').send(1, other)).toHaveLength(1);
    expect(switched('allow\ndefault deny').send(1, other)).toEqual([]);
  });
});
