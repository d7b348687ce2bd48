/** The first packet for a VM that does not run. */

import { describe, expect, it } from 'vitest';
import { must } from '../../../shared/core/result.ts';
import * as make from '../../../test/net/frames.ts';
import {
  A_IP,
  A_MAC,
  at,
  CONFIG,
  fromRouter,
  INNER_MAC,
  type NetworkScene,
  networkScene,
  OUTER_IP,
  OUTSIDE,
  toA,
} from '../../../test/net/network-scene.ts';
import { readRules } from '../rules/read.ts';
import type { PortConfig } from '../switch/port.ts';
import type { SleeperConfig } from './sleepers.ts';

const WEB = '203.0.113.7';
const ALL = 'ff:ff:ff:ff:ff:ff';
const mac = (text: string): Uint8Array => Uint8Array.from(make.mac(text));
const vm = (name: string, ip: string, end: string): SleeperConfig => ({
  ...{ name, ip4: make.ip4(ip), mac: mac(`00:16:3e:00:00:${end}`) },
});
const VMS = [vm('a', A_IP, '0a'), vm('c', '10.0.0.7', '0c'), vm('d', '10.0.0.8', '0d')];

interface Woken {
  readonly scene: NetworkScene;
  readonly asked: string[];
  connect(port: number, name: string, config: PortConfig): (readonly [number, number[]])[];
}

function sleeping(options: Parameters<typeof networkScene>[0] = {}): Woken {
  const asked: string[] = [];
  const wake = ({ name }: SleeperConfig): void => void asked.push(name);
  const scene = networkScene({ ports: {}, sleepers: VMS, wake, ...options });
  const connect = (port: number, name: string, config: PortConfig) => {
    const got = scene.pass(0);
    must(scene.net.openPort(port, name, config));
    scene.net.endTurn();
    return [...got];
  };
  return { scene, asked, connect };
}

describe('routed', () => {
  const config = {
    ...CONFIG,
    forwards: [80, 81, 82].map((port, i) => ({
      ...{ protocol: 6, port, ip4: VMS[i]?.ip4 as number, toPort: 80 },
    })),
  };
  const syn = (port: number, from = WEB, source = 5000) =>
    fromRouter(make.packet4({ from, to: OUTER_IP, protocol: 6 }, make.tcp(source, port, 2)));

  it('it is asked for once, and gets what has waited when it is there', () => {
    const { scene, asked, connect } = sleeping({ config });
    expect(scene.send(OUTSIDE, syn(80))).toEqual([]);
    expect(scene.send(OUTSIDE, syn(80, WEB, 5001))).toEqual([]);
    expect(asked).toEqual(['a']);
    scene.pass(5000);
    const got = connect(1, 'a', { id: 1, macs: [mac(A_MAC)] });
    const inner = (source: number) =>
      make.packet4({ from: WEB, to: A_IP, protocol: 6, ttl: 63 }, make.tcp(source, 80, 2));
    expect(got).toEqual([5000, 5001].map((source) => at(1, toA(inner(source)))));
    // It runs: now it is asked for its MAC address.
    expect(scene.send(OUTSIDE, syn(80, WEB, 5002))[0]?.[1].slice(22, 24)).toEqual([8, 6]);
    expect(asked).toEqual(['a']);
  });

  it('one at a time, the next when the first is there or has not come', () => {
    const { scene, asked, connect } = sleeping({ config });
    for (const port of [80, 81, 82]) scene.send(OUTSIDE, syn(port));
    expect(asked).toEqual(['a']);
    connect(1, 'a', { id: 1, macs: [mac(A_MAC)] });
    expect(asked).toEqual(['a', 'c']);
    scene.pass(61_000);
    expect(asked).toEqual(['a', 'c']);
    scene.send(OUTSIDE, syn(82));
    expect(asked).toEqual(['a', 'c', 'd']);
  });

  it('what waits is dropped when it does not come, and it is not asked for again at once', () => {
    const { scene, asked, connect } = sleeping({ config });
    scene.send(OUTSIDE, syn(80));
    scene.pass(61_000);
    scene.send(OUTSIDE, syn(80));
    expect(asked).toEqual(['a']);
    expect(connect(1, 'a', { id: 1, macs: [mac(A_MAC)] })).toEqual([]);
    scene.net.closePort(1);
    scene.send(OUTSIDE, syn(80));
    expect(asked).toEqual(['a', 'a']);
  });

  it('rules decide first', () => {
    const { set } = readRules('rules', `deny in from ${WEB}\ndefault allow`);
    const { scene, asked } = sleeping({ config, ...(set && { rules: set }) });
    scene.send(OUTSIDE, syn(80));
    expect(asked).toEqual([]);
    scene.send(OUTSIDE, syn(80, '203.0.113.8'));
    expect(asked).toEqual(['a']);
  });

  it('few packets wait for each, and no large ones', () => {
    const { scene, connect } = sleeping({ config });
    for (let i = 0; i < 20; i++) scene.send(OUTSIDE, syn(80, WEB, 6000 + i));
    expect(connect(1, 'a', { id: 1, macs: [mac(A_MAC)] })).toHaveLength(8);
  });
});

describe('sources', () => {
  const many = Array.from({ length: 12 }, (_, i) => vm(`v${i}`, `10.0.0.${100 + i}`, `${20 + i}`));
  const forwards = many.map(({ ip4 }, i) => ({
    ...{ protocol: 6, port: 100 + i, ip4: ip4 as number, toPort: 80 },
  }));

  it('wake four VMs in a minute, each', () => {
    const { scene, asked, connect } = sleeping({ sleepers: many, config: { ...CONFIG, forwards } });
    const syn = (i: number, from: string) =>
      fromRouter(make.packet4({ from, to: OUTER_IP, protocol: 6 }, make.tcp(5000, 100 + i, 2)));
    for (let i = 0; i < 12; i++) {
      scene.send(OUTSIDE, syn(i, i < 6 ? WEB : '198.51.100.9'));
      const name = asked.at(-1) as string;
      const mine = many.find((one) => one.name === name) as SleeperConfig;
      if (asked.length > i - 3) connect(20 + i, name, { id: i, macs: [mine.mac] });
      scene.net.closePort(20 + i);
    }
    expect(asked).toEqual(['v0', 'v1', 'v2', 'v3', 'v6', 'v7', 'v8', 'v9']);
  });
});

describe('on a switch', () => {
  const ports = { 5: { id: 5 }, [OUTSIDE]: { id: 9, isUplink: true } };
  const switched = () => sleeping({ ports, isSwitch: true });
  const ask = (ip: string) =>
    make.offloaded(make.ether(ALL, INNER_MAC, make.ARP, make.arp(1, [INNER_MAC, WEB], [ALL, ip])));

  it('who asks for its station wakes it, and the question is given to it', () => {
    const { scene, asked, connect } = switched();
    expect(scene.send(OUTSIDE, ask(A_IP))).toEqual([]);
    expect(asked).toEqual(['a']);
    expect(connect(1, 'a', { id: 1 })).toEqual([at(1, ask(A_IP))]);
    expect(scene.send(OUTSIDE, ask(A_IP))).toHaveLength(2);
  });

  it('what is for others goes on', () => {
    const { scene, asked } = switched();
    expect(scene.send(OUTSIDE, ask('10.0.0.99'))).toHaveLength(1);
    expect(asked).toEqual([]);
  });
});

it('two VMs with one address are refused', () => {
  const twice = [...VMS, vm('e', A_IP, '0e')];
  expect(() => sleeping({ sleepers: twice })).toThrow('e has another');
});
