import { describe, expect, it } from 'vitest';
import { must } from '../../../shared/core/result.ts';
import { type Cidr, parseCidr } from '../../../shared/net/address-text.ts';
import { parseMac } from '../../../shared/net/mac-text.ts';
import * as make from '../../../test/net/frames.ts';
import { newBox, switchScene } from '../../../test/net/switch-scene.ts';
import { DROP_NAMES } from './counters.ts';
import { INSIDE } from './passing.ts';
import type { PortConfig } from './port.ts';

const [A, B, C, D] = ['0a', '0b', '0c', '0d'].map((end) => `00:16:3e:00:00:${end}`) as [
  string,
  string,
  string,
  string,
];
const ALL = 'ff:ff:ff:ff:ff:ff';
const macs = (...texts: string[]): Uint8Array[] =>
  texts.map((text) => parseMac(text) as Uint8Array);
const nets = (...texts: string[]): Cidr[] => texts.map((text) => parseCidr(text) as Cidr);

const plain = (to: string, from: string, tags: make.Bytes = []): Uint8Array =>
  make.offloaded(make.ether(to, from, 0x88b5, [1, 2, 3], tags));

const three = { 1: { id: 1 }, 2: { id: 2 }, 3: { id: 3, isUplink: true } };
const portsOf = (got: [number, number[]][]): number[] => got.map(([port]) => port).sort();

describe('a frame goes', () => {
  it('to all while nobody knows where, then there alone, and never back', () => {
    const scene = switchScene({ ports: three });
    expect(portsOf(scene.send(1, plain(B, A)))).toEqual([2, 3]);
    expect(portsOf(scene.send(2, plain(A, B)))).toEqual([1]);
    expect(portsOf(scene.send(1, plain(B, A)))).toEqual([2]);
    expect(portsOf(scene.send(2, plain(B, C)))).toEqual([]);
    expect(scene.net.counters(2)?.[10]).toBe(1);
  });

  it('unchanged', () => {
    const scene = switchScene({ ports: three });
    const frame = make.offloaded(
      make.ether(
        B,
        A,
        make.IPV4,
        make.packet4(
          { from: '10.0.0.1', to: '10.0.0.2', protocol: 6, sum: 'blank' },
          make.tcp(1, 2, 16, new Array(60_000).fill(3)),
        ),
      ),
      { csum: [34, 16], gso: [1, 1448], headers: 54 },
    );
    expect(scene.send(1, frame)).toEqual([2, 3].map((port) => [port, [...frame]]));
  });

  it('to all that is for all or for a group', () => {
    const scene = switchScene({ ports: three });
    for (const to of [ALL, '33:33:00:00:00:01', '01:00:5e:00:00:fb']) {
      expect(portsOf(scene.send(3, plain(to, A)))).toEqual([1, 2]);
    }
  });

  it('to where its station has moved', () => {
    const scene = switchScene({ ports: three });
    scene.send(1, plain(ALL, A));
    scene.send(2, plain(ALL, A));
    expect(portsOf(scene.send(3, plain(A, C)))).toEqual([2]);
  });

  it('to all again when its station was quiet for long, or its port is closed', () => {
    const scene = switchScene({ ports: three });
    scene.send(1, plain(ALL, A));
    scene.tick(299_000);
    expect(portsOf(scene.send(3, plain(A, C)))).toEqual([1]);
    for (let now = 300_000; now < 310_000; now += 1000) scene.tick(now);
    expect(portsOf(scene.send(3, plain(A, C)))).toEqual([1, 2]);
    scene.send(1, plain(ALL, A));
    scene.net.close(1);
    expect(portsOf(scene.send(3, plain(A, C)))).toEqual([2]);
  });

  it('nowhere without room, which is counted where it is missing', () => {
    const scene = switchScene({ ports: three });
    scene.full.add(2);
    expect(portsOf(scene.send(1, plain(ALL, A)))).toEqual([3]);
    expect(scene.net.counters(2)?.[13]).toBe(1);
  });
});

it('what is for bridges alone goes nowhere', () => {
  const scene = switchScene({ ports: three });
  expect(scene.send(1, plain('01:80:c2:00:00:00', A))).toEqual([]);
  expect(scene.send(1, plain('01:80:c2:00:00:0f', A))).toEqual([]);
  expect(scene.send(1, plain('01:80:c2:00:00:10', A))).toHaveLength(2);
});

it('floods are bounded by port, and the other side is not', () => {
  const scene = switchScene({ ports: three });
  const sent = (port: number): number =>
    Array.from({ length: 2000 }, () => scene.send(port, plain(ALL, A)).length).reduce(
      (a, b) => a + b,
    );
  expect([sent(1), sent(2), sent(3)]).toEqual([1000, 1000, 4000]);
  scene.tick(1000);
  expect(sent(1)).toBe(1000);
});

it('a port teaches 64 stations, and the rest are sent to as unknown ones', () => {
  const scene = switchScene({ ports: three });
  const mac = (i: number): string =>
    `02:00:00:00:${(i >> 8).toString(16)}:${(i & 255).toString(16)}`;
  for (let i = 0; i < 100; i++) scene.send(1, plain(ALL, mac(i)));
  expect(portsOf(scene.send(3, plain(mac(63), C)))).toEqual([1]);
  expect(portsOf(scene.send(3, plain(mac(64), C)))).toEqual([1, 2]);
});

describe('stations that are bound to a port', () => {
  const ports: Record<number, PortConfig> = {
    1: { id: 1, macs: macs(A) },
    2: { id: 2 },
    3: { id: 3, macs: macs(B, C) },
  };

  it('are known at once, get nothing for others, and nobody else takes them', () => {
    const scene = switchScene({ ports });
    expect(portsOf(scene.send(2, plain(A, D)))).toEqual([1]);
    expect(portsOf(scene.send(2, plain('02:00:00:00:00:01', D)))).toEqual([]);
    expect(scene.send(2, plain(ALL, A))).toEqual([]);
    expect(scene.net.counters(2)?.[14]).toBe(1);
    expect(portsOf(scene.send(2, plain(A, D)))).toEqual([1]);
    expect(scene.send(1, plain(D, B))).toEqual([]);
    expect(scene.net.counters(1)?.[2]).toBe(1);
  });

  it('cannot be bound twice', () => {
    const scene = switchScene({ ports });
    const again = scene.net.open(9, { id: 9, macs: macs(D, B) });
    expect(again).toMatchObject({ ok: false, error: { errno: 'EEXIST' } });
    // Nothing is left of what was refused.
    must(scene.net.open(9, { id: 9, macs: macs(D) }));
  });

  it('take what others have taught', () => {
    const scene = switchScene({ ports: { 2: { id: 2 }, 3: { id: 3 } } });
    scene.send(2, plain(ALL, A));
    must(scene.net.open(1, { id: 1, macs: macs(A) }));
    expect(portsOf(scene.send(3, plain(A, D)))).toEqual([1]);
  });
});

describe('ports that are kept apart', () => {
  const ports: Record<number, PortConfig> = {
    1: { id: 1, isIsolated: true },
    2: { id: 2, isIsolated: true },
    3: { id: 3 },
    [INSIDE]: { id: 99, macs: macs(D) },
  };
  it('reach others and what is inside alone', () => {
    const scene = switchScene({ ports });
    expect(portsOf(scene.send(1, plain(ALL, A)))).toEqual([3, INSIDE]);
    scene.send(2, plain(ALL, B));
    expect(scene.send(1, plain(B, A))).toEqual([]);
    expect(scene.net.counters(1)?.[11]).toBe(1);
    expect(portsOf(scene.send(3, plain(A, C)))).toEqual([1]);
    expect(portsOf(scene.send(1, plain(D, A)))).toEqual([INSIDE]);
  });
});

it('rules are asked for each port that a frame would go to', () => {
  const asked: number[][] = [];
  const allows = (from: number, to: number): boolean => {
    asked.push([from, to]);
    return to !== 2;
  };
  const scene = switchScene({ ports: three, allows });
  expect(portsOf(scene.send(1, plain(ALL, A)))).toEqual([3]);
  expect(asked).toEqual([
    [1, 2],
    [1, 3],
  ]);
  expect(scene.net.counters(1)?.[12]).toBe(1);
});

it.each([
  ['a group as MAC', { id: 1, macs: macs('01:00:00:00:00:00') }],
  ['a VLAN that there is not', { id: 1, vlan: 4095 }],
  ['a trunk of VLAN 0', { id: 1, trunk: [0] }],
  ['an id of 33 bits', { id: 2 ** 32 }],
  ['IPv6 as IPv4', { id: 1, ip4: nets('fd00::/8') }],
  [
    'too many addresses',
    { id: 1, ip4: new Array(65).fill('10.0.0.1').flatMap((one) => nets(one)) },
  ],
])('a port with %s is refused', (_, config) => {
  expect(switchScene({ ports: {} }).net.open(1, config)).toMatchObject({ ok: false });
});

describe('the next backend', () => {
  it('goes on with what was learned, by whose it is, and as old as it was', () => {
    const box = newBox();
    const first = switchScene({ ports: three, box, nowMs: 5_000_000 });
    first.send(1, plain(ALL, A));
    first.tick(5_100_000);
    // Another clock, and other numbers.
    const second = switchScene({ ports: { 7: { id: 1 }, 8: { id: 2 }, 9: { id: 3 } }, box });
    expect(portsOf(second.send(9, plain(A, C)))).toEqual([7]);
    for (let now = 198_000; now < 204_000; now += 1000) second.tick(now);
    expect(portsOf(second.send(9, plain(A, C)))).toEqual([7, 8]);
  });

  it('takes no entry that was damaged, whichever bit it is', () => {
    const box = newBox();
    switchScene({ ports: three, box }).send(1, plain(ALL, A));
    const [from] = [...box.words.keys()].filter((i) => i >= 32 && box.words[i] !== 0);
    for (let bit = 0; bit < 5 * 32; bit++) {
      const copy = newBox();
      copy.words.set(box.words);
      const word = (from as number) + (bit >>> 5);
      copy.words[word] = (copy.words[word] as number) ^ (1 << (bit & 31));
      const scene = switchScene({ ports: three, box: copy });
      expect(portsOf(scene.send(3, plain(A, C)))).toEqual([1, 2]);
    }
  });
});

it('drops have names', () => {
  expect(DROP_NAMES[12]).toBe('denied by a rule');
});
