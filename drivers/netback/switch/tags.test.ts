import { describe, expect, it } from 'vitest';
import * as make from '../../../test/net/frames.ts';
import { switchScene } from '../../../test/net/switch-scene.ts';
import type { PortConfig } from './port.ts';

const A = '00:16:3e:00:00:0a';
const B = '00:16:3e:00:00:0b';
const ALL = 'ff:ff:ff:ff:ff:ff';

const plain = (to: string, from: string, tags: make.Bytes = []): Uint8Array =>
  make.offloaded(make.ether(to, from, 0x88b5, [1, 2, 3], tags));
const portsOf = (got: [number, number[]][]): number[] => got.map(([port]) => port).sort();

describe('VLANs', () => {
  const ports: Record<number, PortConfig> = {
    1: { id: 1, vlan: 5 },
    2: { id: 2, vlan: 5 },
    3: { id: 3, vlan: 6 },
    4: { id: 4, trunk: [5, 6] },
    5: { id: 5, vlan: 6, trunk: [5] },
  };
  const tagged = (vlan: number, to = ALL): Uint8Array => plain(to, A, make.tag(vlan));
  const sorted = (got: [number, number[]][]) => got.sort(([a], [b]) => a - b);

  it.each([
    [
      'without a tag',
      1,
      plain(ALL, A),
      [
        [2, plain(ALL, A)],
        [4, tagged(5)],
        [5, tagged(5)],
      ],
    ],
    [
      'with a tag',
      4,
      tagged(6),
      [
        [3, plain(ALL, A)],
        [5, plain(ALL, A)],
      ],
    ],
    [
      'native on one trunk',
      5,
      plain(ALL, A),
      [
        [3, plain(ALL, A)],
        [4, tagged(6)],
      ],
    ],
    [
      'with a priority alone',
      1,
      tagged(0xe000),
      [
        ...[
          [2, plain(ALL, A)],
          [4, tagged(5)],
          [5, tagged(5)],
        ],
      ],
    ],
    ['tagged for a port of no trunk', 1, tagged(5), []],
    ['tagged for another trunk', 5, tagged(6), []],
    ['without a tag on a trunk of no VLAN', 4, plain(ALL, A), []],
  ] as [string, number, Uint8Array, [number, Uint8Array][]][])('%s', (_, port, frame, want) => {
    const scene = switchScene({ ports });
    expect(sorted(scene.send(port, frame))).toEqual(want.map(([to, bytes]) => [to, [...bytes]]));
  });

  it('what is left to the receiver moves with the tag', () => {
    const scene = switchScene({ ports });
    const ip = { from: '10.0.0.1', to: '10.0.0.2', protocol: 6, sum: 'blank' } as const;
    const body = make.packet4(ip, make.tcp(1, 2, 16, [1, 2, 3]));
    const without = make.offloaded(make.ether(ALL, A, make.IPV4, body), {
      csum: [34, 16],
      gso: [1, 2],
      headers: 54,
    });
    const withTag = make.offloaded(make.ether(ALL, A, make.IPV4, body, make.tag(5)), {
      csum: [38, 16],
      gso: [1, 2],
      headers: 58,
    });
    const got = new Map(scene.send(1, without));
    expect(got.get(4)).toEqual([...withTag]);
    expect(new Map(scene.send(4, withTag)).get(1)).toEqual([...without]);
  });

  it('one station is another in each', () => {
    const scene = switchScene({ ports });
    scene.send(1, plain(ALL, A));
    expect(portsOf(scene.send(3, plain(A, B)))).toEqual([4, 5]);
  });

  it('a form that has no room is dropped', () => {
    const scene = switchScene({ ports, arenaBytes: 8 });
    expect(portsOf(scene.send(1, plain(ALL, A)))).toEqual([2]);
    expect(scene.net.counters(1)?.[13]).toBe(2);
  });
});
