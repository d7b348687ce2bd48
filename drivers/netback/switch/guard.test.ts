import { describe, expect, it } from 'vitest';
import { must } from '../../../shared/core/result.ts';
import { type Cidr, parseCidr } from '../../../shared/net/address-text.ts';
import { parseMac } from '../../../shared/net/mac-text.ts';
import { createPacket } from '../../../shared/net/packet.ts';
import { parseEthernet } from '../../../shared/net/parse-frame.ts';
import * as make from '../../../test/net/frames.ts';
import { DROP_NAMES } from './counters.ts';
import { judge } from './guard.ts';
import { createPort } from './port.ts';

const A = '00:16:3e:00:00:0a';
const B = '00:16:3e:00:00:0b';
const net = (text: string): Cidr => parseCidr(text) as Cidr;
const bound = {
  id: 1,
  macs: [parseMac(A) as Uint8Array],
  ip4: [net('10.0.0.5'), net('10.1.0.0/16')],
  ip6: [net('fd00::5')],
  isNoServer: true,
};

const four = (from: string, body: make.Bytes, protocol = 17): make.Bytes =>
  make.ether(B, A, make.IPV4, make.packet4({ from, to: '10.0.0.1', protocol }, body));
const six = (from: string, body: make.Bytes, ip: Partial<make.Ip6> = {}): make.Bytes =>
  make.ether(
    B,
    A,
    make.IPV6,
    make.packet6({ from, to: 'fd00::1', protocol: 58, hops: 255, ...ip }, body),
  );
const arp = (sender: [string, string], operation = 1): make.Bytes =>
  make.ether(B, A, make.ARP, make.arp(operation, sender, [B, '10.0.0.1']));
const option = (type: number, mac: string): make.Bytes => [type, 1, ...make.mac(mac)];
const solicit = (from: string, mac = A): make.Bytes =>
  six(from, [135, 0, 0, 0, 0, 0, 0, 0, ...make.ip6('fd00::1'), ...option(1, mac)]);
const advert = (target: string, mac = A): make.Bytes =>
  six('fd00::5', [136, 0, 0, 0, 0x60, 0, 0, 0, ...make.ip6(target), ...option(2, mac)]);
const router = [134, 0, 0, 0, ...new Array<number>(12).fill(0)];
const fragment = (next: number): NonNullable<make.Ip6['extensions']> => ({
  first: 44,
  bytes: [next, 0, 0, 1, 0, 0, 0, 9],
});

const rows: [string, make.Bytes, string][] = [
  ['its own address', four('10.0.0.5', make.udp(1, 2)), 'none'],
  ['its own network', four('10.1.2.3', make.udp(1, 2)), 'none'],
  ['another address', four('10.0.0.6', make.udp(1, 2)), 'another IP'],
  [
    'another address in a fragment',
    make.ether(
      B,
      A,
      make.IPV4,
      make.packet4({ from: '10.0.0.6', to: '10.0.0.1', protocol: 17, fragment: 5 }, [1, 2, 3]),
    ),
    'another IP',
  ],
  ['another MAC', make.ether(A, B, 0x88b5, [1]), 'another station'],
  ['no address, to ask for one', four('0.0.0.0', make.udp(68, 67)), 'none'],
  ['no address, for anything else', four('0.0.0.0', make.udp(68, 53)), 'another IP'],
  ['an answer of DHCP', four('10.0.0.5', make.udp(67, 68)), 'an answer'],
  ['a relay of DHCP', four('10.0.0.5', make.udp(67, 67)), 'none'],
  ['ARP of its own', arp([A, '10.0.0.5']), 'none'],
  ['ARP that asks whether it may', arp([A, '0.0.0.0']), 'none'],
  ['ARP about another address', arp([A, '10.0.0.1'], 2), 'ARP'],
  ['ARP about another MAC', arp([B, '10.0.0.5']), 'ARP'],
  ['IPv6 of its own', six('fd00::5', make.udp(1, 2), { protocol: 17 }), 'none'],
  ['IPv6 of the link', six('fe80::1', make.udp(1, 2), { protocol: 17 }), 'none'],
  ['IPv6 of another', six('fd00::6', make.udp(1, 2), { protocol: 17 }), 'another IP'],
  ['an answer of DHCP for IPv6', six('fe80::1', make.udp(547, 546), { protocol: 17 }), 'an answer'],
  ['a solicitation', solicit('fd00::5'), 'none'],
  ['a solicitation from nowhere', solicit('::'), 'none'],
  ['a solicitation as another station', solicit('fd00::5', B), 'neighbour'],
  ['an advertisement of its own', advert('fd00::5'), 'none'],
  ['an advertisement of the link', advert('fe80::99'), 'none'],
  ['an advertisement about another', advert('fd00::1'), 'neighbour'],
  ['an advertisement as another station', advert('fd00::5', B), 'neighbour'],
  ['a router', six('fe80::1', router), 'an answer'],
  [
    'a router behind a header (RFC 7113)',
    six('fe80::1', router, { extensions: { first: 60, bytes: [58, 0, 1, 4, 0, 0, 0, 0] } }),
    'an answer',
  ],
  // RFC 6980: nobody may find the rest of it in another fragment.
  ['a router in fragments', six('fe80::1', router, { extensions: fragment(58) }), 'neighbour'],
  [
    'a redirection',
    six('fe80::1', [137, 0, 0, 0, 0, 0, 0, 0, ...new Array(32).fill(1)]),
    'an answer',
  ],
  [
    'neighbour discovery from afar',
    six('fd00::5', [135, 0, 0, 0, ...new Array(20).fill(0)], {
      hops: 64,
    }),
    'neighbour',
  ],
  ['what is no IP', make.ether(B, A, 0x88b5, [1]), 'none'],
];

function reasonOf(config: Parameters<typeof createPort>[0], frame: make.Bytes): string {
  const packet = createPacket();
  const bytes = Uint8Array.from(frame);
  expect(parseEthernet(packet, bytes, 0, bytes.length)).toBe(0);
  return DROP_NAMES[judge(must(createPort(config, 0)), packet, bytes)] as string;
}

it.each(rows)('%s', (_, frame, want) => {
  const reason = reasonOf(bound, frame);
  expect(reason.startsWith(want), reason).toBe(true);
});

describe('a port of which nothing is said', () => {
  it.each(rows.filter(([, , want]) => want !== 'neighbour' && want !== 'none'))(
    'may send %s',
    (_, frame) => {
      expect(reasonOf({ id: 1 }, frame)).toBe('none');
    },
  );
});
