import { describe, expect, it } from 'vitest';
import * as make from '../../test/net/frames.ts';
import { FAULT_NAMES } from './faults.ts';
import { createPacket, type Packet } from './packet.ts';
import { parseEthernet } from './parse-frame.ts';
import { parseQuoted } from './parse-ip.ts';

const A = '00:16:3e:00:00:0a';
const B = '00:16:3e:00:00:0b';
const FROM4 = { from: '10.0.0.1', to: '10.0.0.2' };
const FROM6 = { from: 'fd00::1', to: 'fd00::2' };

const four = (ip: Partial<make.Ip4>, body: make.Bytes, tags: make.Bytes = []): make.Bytes =>
  make.ether(B, A, make.IPV4, make.packet4({ ...FROM4, protocol: make.UDP, ...ip }, body), tags);
const six = (ip: Partial<make.Ip6>, body: make.Bytes): make.Bytes =>
  make.ether(B, A, make.IPV6, make.packet6({ ...FROM6, protocol: make.UDP, ...ip }, body));

function parsed(frame: make.Bytes): Packet {
  const packet = createPacket();
  // In the midst of other bytes, which are nobody's business.
  const bytes = Uint8Array.from([...new Array<number>(7).fill(0xee), ...frame, 0xee, 0xee]);
  parseEthernet(packet, bytes, 7, frame.length);
  for (const place of ['at', 'end', 'l3', 'l3End', 'l4', 'payload', 'payloadEnd'] as const) {
    if (packet[place] > 0) packet[place] -= 7;
  }
  return packet;
}

const UDP4 = four({}, make.udp(5, 6, [1, 2, 3]));
const hopByHop = (next: number): make.Bytes => [next, 0, 1, 4, 0, 0, 0, 0];
const fragment = (next: number, word: number): make.Bytes => [
  ...[next, 0, ...make.be16(word), ...make.be32(0x1234_5678)],
];
const withIp = (at: number, ...bytes: number[]): make.Bytes =>
  UDP4.map((byte, i) => bytes[i - 14 - at] ?? byte);

describe('a sound frame', () => {
  const rows: [string, make.Bytes, Partial<Packet>][] = [
    ['UDP over IPv4', UDP4, { kind: 2, l3: 14, protocol: 17, l4: 34, payload: 42, payloadEnd: 45 }],
    ['its padding', [...UDP4, 0, 0, 0, 0], { end: 49, l3End: 45, payloadEnd: 45 }],
    ['ports', UDP4, { sourcePort: 5, targetPort: 6, icmpType: -1, ttl: 64, isFragment: 0 }],
    ['UDP over IPv6', six({}, make.udp(5, 6)), { kind: 3, l4: 54, payload: 62, sourcePort: 5 }],
    [
      'TCP with options',
      four({ protocol: 6 }, [...make.tcp(7, 8, 2).with(12, 0x60), 1, 1, 1, 0]),
      { protocol: 6, tcpFlags: 2, payload: 58, payloadEnd: 58 },
    ],
    ['a tag', four({}, make.udp(1, 2), make.tag(0x2005)), { tags: 1, vlan: 5, l3: 18, kind: 2 }],
    [
      'two tags',
      four({}, make.udp(1, 2), [...make.tag(9, 0x88a8), ...make.tag(5)]),
      { tags: 2, vlan: 9, l3: 22, kind: 2 },
    ],
    ['a length', make.ether(B, A, 3, [1, 2, 3]), { kind: 0, etherType: 0, l3End: 17 }],
    ['another type', make.ether(B, A, 0x88cc, [1]), { kind: 0, etherType: 0x88cc, protocol: -1 }],
    [
      'ARP',
      make.ether(B, A, make.ARP, make.arp(2, [A, '1.2.3.4'], [B, '5.6.7.8'])),
      {
        kind: 1,
        arpOperation: 2,
        l3End: 42,
      },
    ],
    ['options', four({ options: [1, 7, 3, 4] }, make.udp(1, 2)), { l4: 38, isSourceRouted: 0 }],
    [
      'a source route',
      four({ options: [131, 7, 4, 1, 2, 3, 4, 0] }, make.udp(1, 2)),
      { isSourceRouted: 1 },
    ],
    [
      'a first fragment',
      four({ fragment: 0x2000, id: 77 }, make.udp(1, 2, new Array(8).fill(0))),
      { isFragment: 1, moreFragments: 1, fragmentAt: 0, sourcePort: 1, identification: 77 },
    ],
    [
      'a later fragment',
      four({ fragment: 2 }, [1, 2, 3]),
      { isFragment: 1, moreFragments: 0, fragmentAt: 16, l4: -1, sourcePort: -1 },
    ],
    ['one not to be cut', four({ fragment: 0x4000 }, make.udp(1, 2)), { dontFragment: 1 }],
    [
      'an echo',
      four({ protocol: 1 }, make.icmp(8, 0, 0x0005_0001)),
      {
        icmpType: 8,
        sourcePort: 5,
        targetPort: 5,
        payload: 42,
      },
    ],
    [
      'an echo of IPv6',
      six({ protocol: 58 }, make.icmp(129, 0, 0x0005_0001)),
      {
        icmpType: 129,
        sourcePort: 5,
      },
    ],
    ['an error', four({ protocol: 1 }, make.icmp(3, 4, 1400)), { icmpCode: 4, sourcePort: -1 }],
    [
      'extension headers',
      six({ extensions: { first: 0, bytes: [...hopByHop(60), ...hopByHop(17)] } }, make.udp(1, 2)),
      { protocol: 17, l4: 70, targetPort: 2 },
    ],
    [
      'a routing header',
      six({ extensions: { first: 43, bytes: [17, 0, 0, 0, 0, 0, 0, 0] } }, make.udp(1, 2)),
      { protocol: 17, isSourceRouted: 1 },
    ],
    [
      'a whole fragment',
      six({ extensions: { first: 44, bytes: fragment(17, 0) } }, make.udp(1, 2)),
      { isFragment: 1, fragmentAt: 0, sourcePort: 1, identification: 0x1234_5678 },
    ],
    [
      'a later fragment of IPv6',
      six({ protocol: 99, extensions: { first: 44, bytes: fragment(6, 17) } }, [
        ...[1, 2, 3, 4, 5, 6, 7, 8],
      ]),
      { protocol: 6, fragmentAt: 16, moreFragments: 1, l4: -1 },
    ],
    ['no next header', six({ protocol: 59 }, []), { protocol: 59, l4: 54 }],
  ];

  it.each(rows)('%s', (_, frame, want) => {
    expect(parsed(frame)).toMatchObject({ fault: 0, ...want });
  });

  it('a struct has nothing left of the frame before', () => {
    const packet = createPacket();
    for (const [, frame] of rows) parseEthernet(packet, Uint8Array.from(frame), 0, frame.length);
    parseEthernet(packet, Uint8Array.from(UDP4), 0, UDP4.length);
    const fresh = createPacket();
    parseEthernet(fresh, Uint8Array.from(UDP4), 0, UDP4.length);
    expect(packet).toEqual(fresh);
  });
});

describe('a frame that contradicts itself', () => {
  const ten = new Array<number>(10).fill(0);
  const rows: [string, string, make.Bytes][] = [
    ['13 bytes', 'shorter than', UDP4.slice(0, 13)],
    ['no source', 'the source', make.ether(B, '00:00:00:00:00:00', 0x88cc, ten)],
    ['a group as source', 'the source', make.ether(B, '01:00:5e:00:00:01', 0x88cc, ten)],
    ['half a tag', 'shorter than', [...make.mac(B), ...make.mac(A), 0x81, 0, 0]],
    [
      'three tags',
      'more than two',
      four(
        {},
        ten,
        [1, 2, 3].flatMap((id) => make.tag(id)),
      ),
    ],
    ['a length too long', 'an 802.3', make.ether(B, A, 4, [1, 2, 3])],
    ['half an ARP', 'ARP', make.ether(B, A, make.ARP, ten)],
    ['ARP of other hardware', 'ARP', make.ether(B, A, make.ARP, [0, 6, ...new Array(26).fill(0)])],
    ['version 5', 'an IPv4', withIp(0, 0x55)],
    ['a header of 16 bytes', 'an IPv4', withIp(0, 0x44)],
    ['a header beyond the packet', 'an IPv4', withIp(0, 0x4f)],
    ['a packet shorter than its header', 'an IPv4', withIp(2, 0, 19)],
    ['a packet beyond the frame', 'an IPv4', withIp(2, 0, 32)],
    ['IPv6 in IPv4', 'an IPv6', make.ether(B, A, make.IPV6, UDP4.slice(14))],
    ['an IPv6 packet beyond the frame', 'an IPv6', six({}, make.udp(1, 2)).slice(0, -1)],
    ['an option of no length', 'IPv4 options', four({ options: [7, 0, 0, 0] }, make.udp(1, 2))],
    ['an option too long', 'IPv4 options', four({ options: [1, 1, 7, 3] }, make.udp(1, 2))],
    ['an option without length', 'IPv4 options', four({ options: [1, 1, 1, 7] }, make.udp(1, 2))],
    // XSA-448: nothing in it.
    ['a fragment of nothing', 'an impossible', four({ fragment: 0x2000, protocol: 99 }, [])],
    ['a last fragment of nothing', 'an impossible', four({ fragment: 5 }, [])],
    ['a fragment of 9 bytes', 'an impossible', four({ fragment: 0x2001 }, ten.slice(1))],
    ['a fragment beyond 65535', 'an impossible', four({ fragment: 0x1fff }, ten)],
    [
      'a tiny first fragment of TCP',
      'an impossible',
      four({ fragment: 0x2000, protocol: 6 }, [...make.tcp(1, 2, 2).slice(0, 16)]),
    ],
    ['half of TCP', 'a TCP', four({ protocol: 6 }, make.tcp(1, 2, 2).slice(0, 19))],
    ['TCP with 4 words', 'a TCP', four({ protocol: 6 }, make.tcp(1, 2, 2).with(12, 0x40))],
    ['TCP with 6 words of 5', 'a TCP', four({ protocol: 6 }, make.tcp(1, 2, 2).with(12, 0x60))],
    ['half of UDP', 'a UDP', four({}, [0, 1, 0, 2, 0, 8, 0])],
    ['UDP of 7 bytes', 'a UDP', four({}, make.udp(1, 2).with(5, 7))],
    ['UDP beyond its packet', 'a UDP', four({}, make.udp(1, 2).with(5, 9))],
    ['half of ICMP', 'ICMP', four({ protocol: 1 }, [8, 0, 0, 0, 0, 0, 0])],
    [
      'nine extension headers',
      'IPv6 extension',
      six(
        {
          extensions: { first: 60, bytes: [60, 60, 60, 60, 60, 60, 60, 60, 17].flatMap(hopByHop) },
        },
        make.udp(1, 2),
      ),
    ],
    [
      'hop by hop, but not at first',
      'IPv6 extension',
      six({ extensions: { first: 60, bytes: [...hopByHop(0), ...hopByHop(17)] } }, make.udp(1, 2)),
    ],
    [
      'an extension header too long',
      'IPv6 extension',
      six({ extensions: { first: 60, bytes: [17, 2, 0, 0, 0, 0, 0, 0] } }, make.udp(1, 2)),
    ],
    [
      'two fragment headers',
      'an impossible',
      six(
        { extensions: { first: 44, bytes: [...fragment(44, 0), ...fragment(17, 0)] } },
        make.udp(1, 2),
      ),
    ],
    [
      'a fragment of IPv6 with nothing in it',
      'an impossible',
      six({ protocol: 59, extensions: { first: 44, bytes: fragment(59, 1) } }, []),
    ],
  ];

  it.each(rows)('%s: %s', (_, want, frame) => {
    expect(FAULT_NAMES[parsed(frame).fault]?.startsWith(want)).toBe(true);
  });

  it('is found to be that wherever it is cut off', () => {
    for (const [name, frame] of [
      ['UDP', UDP4] as const,
      ['v6', six({}, make.udp(1, 2))] as const,
    ]) {
      for (let length = 0; length < frame.length; length++) {
        expect([name, length, parsed(frame.slice(0, length)).fault > 0]).toEqual([
          name,
          length,
          true,
        ]);
      }
    }
  });
});

it.each([
  ['TCP, eight bytes of it', { protocol: 6 }, make.tcp(7, 8, 2).slice(0, 8), 0, 7],
  ['TCP, seven bytes of it', { protocol: 6 }, make.tcp(7, 8, 2).slice(0, 7), 12, 0],
  ['UDP whose rest is cut off', {}, make.udp(7, 8, [1, 2, 3, 4]).slice(0, 8), 0, 7],
])('what an error quotes may be cut off: %s', (_, ip, body, fault, port) => {
  const packet = createPacket();
  const bytes = Uint8Array.from(four(ip, body).slice(14));
  bytes[3] = 200;
  expect(parseQuoted(packet, bytes, 0, bytes.length, 2)).toBe(fault);
  if (fault === 0) expect(packet.sourcePort).toBe(port);
});
