import { describe, expect, it } from 'vitest';
import * as make from '../../test/net/frames.ts';
import { createPacket } from './packet.ts';
import { parseFrame } from './parse-frame.ts';

const A = '00:16:3e:00:00:0a';
const B = '00:16:3e:00:00:0b';
const FROM4 = { from: '10.0.0.1', to: '10.0.0.2' };
const FROM6 = { from: 'fd00::1', to: 'fd00::2' };

const four = (ip: Partial<make.Ip4>, body: make.Bytes): make.Bytes =>
  make.ether(B, A, make.IPV4, make.packet4({ ...FROM4, protocol: make.UDP, ...ip }, body));
const six = (ip: Partial<make.Ip6>, body: make.Bytes): make.Bytes =>
  make.ether(B, A, make.IPV6, make.packet6({ ...FROM6, protocol: make.UDP, ...ip }, body));
const UDP4 = four({}, make.udp(5, 6, [1, 2, 3]));

describe('offloads', () => {
  const TCP4 = four({ protocol: 6, sum: 'blank' }, make.tcp(1, 2, 16, new Array(5000).fill(7)));
  const TCP6 = six({ protocol: 6, sum: 'blank' }, make.tcp(1, 2, 16, new Array(5000).fill(7)));
  const csum = [34, 16] as const;
  const csum6 = [54, 16] as const;
  const rows: [string, Uint8Array, number][] = [
    ['none', make.offloaded(UDP4), 0],
    ['a checksum', make.offloaded(TCP4, { csum }), 0],
    ['a checksum of UDP', make.offloaded(UDP4, { csum: [34, 6] }), 0],
    ['TCPv4', make.offloaded(TCP4, { csum, gso: [1, 1448], headers: 54 }), 0],
    ['TCPv4 with congestion', make.offloaded(TCP4, { csum, gso: [0x81, 1448] }), 0],
    ['TCPv6', make.offloaded(TCP6, { csum: csum6, gso: [4, 1448] }), 0],
    // Trap E3.8: segments of nothing.
    ['size 0', make.offloaded(TCP4, { csum, gso: [1, 0] }), 16],
    ['the wrong family', make.offloaded(TCP4, { csum, gso: [4, 1448] }), 16],
    ['UDP as TCP', make.offloaded(UDP4, { csum: [34, 6], gso: [1, 1448] }), 16],
    ['an unknown type', make.offloaded(TCP4, { csum, gso: [7, 1448] }), 16],
    ['no type but congestion', make.offloaded(TCP4, { csum, gso: [0x80, 1448] }), 16],
    ['segments without a blank checksum', make.offloaded(TCP4, { gso: [1, 1448] }), 16],
    [
      'nothing to cut',
      make.offloaded(four({ protocol: 6 }, make.tcp(1, 2, 16)), {
        csum,
        gso: [1, 1448],
      }),
      16,
    ],
    ['a checksum behind the end', make.offloaded(UDP4, { csum: [34, 10] }), 15],
    ['a checksum in the Ethernet header', make.offloaded(UDP4, { csum: [0, 6] }), 15],
    ['a checksum in the IP header', make.offloaded(UDP4, { csum: [14, 10] }), 15],
    [
      'a checksum of a fragment',
      make.offloaded(four({ fragment: 5 }, [1, 2]), { csum: [34, 0] }),
      15,
    ],
    ['half a header', new Uint8Array(9), 1],
    ['a header and no frame', new Uint8Array(10), 1],
  ];

  it.each(rows)('%s', (_, bytes, fault) => {
    const packet = createPacket();
    expect(parseFrame(packet, bytes, 0, bytes.length)).toBe(fault);
    if (fault > 0) return;
    expect([packet.at, packet.end]).toEqual([10, bytes.length]);
  });

  it('says where the checksum goes', () => {
    const packet = createPacket();
    const bytes = make.offloaded(TCP4, { csum, gso: [0x81, 1448] });
    parseFrame(packet, bytes, 0, bytes.length);
    expect(packet).toMatchObject({ csumStart: 44, csumAt: 60, gsoType: 1, gsoSize: 1448 });
  });
});
