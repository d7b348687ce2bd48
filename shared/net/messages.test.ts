/** DHCP, DNS and neighbour discovery. */

import { describe, expect, it } from 'vitest';
import * as make from '../../test/net/frames.ts';
import { createDhcp, parseDhcp } from './dhcp.ts';
import { createDns, parseDns } from './dns.ts';
import { findNdpOption, isNdp, isSoundNdp } from './ndp.ts';
import { createPacket } from './packet.ts';
import { parseEthernet } from './parse-frame.ts';

const dhcp = (options: make.Bytes, names: make.Bytes = []): Uint8Array =>
  Uint8Array.from([
    ...[1, 1, 6, 0, ...make.be32(0x1234_5678), 0, 0, 0x80, 0],
    ...[...make.be32(0x0a00_0005), ...new Array(12).fill(0), 1, 2, 3, 4, 5, 6],
    ...[...new Array(10).fill(0), ...names, ...new Array(192 - names.length).fill(0)],
    ...[0x63, 0x82, 0x53, 0x63, ...options],
  ]);

describe('DHCP', () => {
  const file = (option: make.Bytes): make.Bytes => [...new Array<number>(64).fill(0), ...option];
  it.each([
    ['a type', [53, 1, 3, 255], [], { type: 3, wantedIp: 0 }],
    ['padding, and an unknown option', [0, 0, 99, 2, 1, 1, 53, 1, 1, 255], [], { type: 1 }],
    [
      'addresses',
      [53, 1, 3, 50, 4, 10, 0, 0, 9, 54, 4, 10, 0, 0, 1],
      [],
      {
        wantedIp: 0x0a00_0009,
        serverIp: 0x0a00_0001,
      },
    ],
    ['what stands behind the end does not count', [53, 1, 3, 255, 53, 1, 1], [], { type: 3 }],
    ['an option in the name of the file', [52, 1, 1, 255], file([53, 1, 8, 255]), { type: 8 }],
    ['an option in the name of the server', [52, 1, 2], [53, 1, 7, 255], { type: 7 }],
    ['the rest', [53, 1, 1], [], { xid: 0x1234_5678, flags: 0x8000, clientIp: 0x0a00_0005 }],
  ])('%s', (_, options, names, want) => {
    const bytes = dhcp(options, names);
    const found = createDhcp();
    expect(parseDhcp(found, bytes, 0, bytes.length)).toBe(true);
    expect(found).toMatchObject(want);
  });

  it.each([
    ['no type', [255], []],
    ['an option without length', [53, 1, 1, 99], []],
    ['an option too long', [53, 1, 1, 99, 2, 1], []],
    ['an option too long in a name', [53, 1, 1, 52, 1, 1], file([99, 255])],
    ['a type of two bytes', [53, 2, 1, 1, 255], []],
  ])('%s: none', (_, options, names) => {
    const bytes = dhcp(options, names);
    expect(parseDhcp(createDhcp(), bytes, 0, bytes.length)).toBe(false);
  });

  it('none without its magic number, of other hardware, or cut off', () => {
    const bytes = dhcp([53, 1, 1]);
    const without = (at: number): Uint8Array => bytes.with(at, 9);
    for (const wrong of [without(236), without(1), without(2)]) {
      expect(parseDhcp(createDhcp(), wrong, 0, wrong.length)).toBe(false);
    }
    expect(parseDhcp(createDhcp(), bytes, 0, 239)).toBe(false);
  });
});

describe('DNS', () => {
  const dns = (name: make.Bytes, flags = 0x0100, questions = 1): Uint8Array =>
    Uint8Array.from([
      ...[0x12, 0x34, ...make.be16(flags), ...make.be16(questions), 0, 0, 0, 0, 0, 0],
      ...[...name, 0, 1, 0, 1],
    ]);
  const WWW = [3, 119, 119, 119, 0];

  it.each([
    ['a question', dns(WWW), { id: 0x1234, isReply: 0, question: 12, questionEnd: 21 }],
    ['an answer', dns(WWW, 0x8180), { isReply: 1, operation: 0 }],
    ['the root', dns([0]), { questionEnd: 17 }],
    ['another operation', dns(WWW, 0x2800), { operation: 5 }],
  ])('%s', (_, bytes, want) => {
    const found = createDns();
    expect(parseDns(found, bytes, 0, bytes.length)).toBe(true);
    expect(found).toMatchObject(want);
  });

  it.each([
    ['no question', dns(WWW, 0, 0)],
    ['two questions', dns(WWW, 0, 2)],
    ['a pointer in the question', dns([0xc0, 12])],
    ['a label that goes on', dns([60, 1, 2])],
    ['a name of 256 bytes', dns([...new Array(4).fill([63, ...new Array(63).fill(97)]).flat(), 0])],
    ['half a header', dns(WWW).slice(0, 11)],
    ['no class', dns(WWW).slice(0, 20)],
  ])('%s: none', (_, bytes) => {
    expect(parseDns(createDns(), bytes, 0, bytes.length)).toBe(false);
  });
});

describe('neighbour discovery', () => {
  const TARGET = make.ip6('fd00::2');
  const message = (type: number, body: make.Bytes, ip: Partial<make.Ip6> = {}) => {
    const packet = createPacket();
    const all = { from: 'fd00::1', to: 'ff02::1', protocol: 58, hops: 255, ...ip };
    const frame = make.ether(
      '33:33:00:00:00:01',
      '00:16:3e:00:00:01',
      make.IPV6,
      make.packet6(all, [type, 0, 0, 0, ...body]),
    );
    const bytes = Uint8Array.from(frame);
    parseEthernet(packet, bytes, 0, bytes.length);
    return { packet, bytes };
  };
  const MAC = [1, 1, 2, 0, 0, 0, 0, 1];
  const solicit = [0, 0, 0, 0, ...TARGET];

  it.each([
    ['a solicitation', 135, [...solicit, ...MAC], 78],
    ['an advertisement with two options', 136, [...solicit, 2, 1, 0, 0, 0, 0, 0, 0, ...MAC], 86],
    ['a router that asks', 133, [0, 0, 0, 0], -1],
    ['a router', 134, [...new Array(12).fill(0), ...MAC], 70],
    ['a redirection', 137, [...solicit, ...TARGET], -1],
  ])('%s', (_, type, body, option) => {
    const { packet, bytes } = message(type, body);
    expect([isNdp(packet), isSoundNdp(packet, bytes)]).toEqual([true, true]);
    expect(findNdpOption(packet, bytes, 1)).toBe(option);
  });

  const fragment = { first: 44, bytes: [58, 0, 0, 0, 0, 0, 0, 1] };
  it.each([
    ['from another link', 135, solicit, { hops: 254 }],
    ['a fragment (RFC 6980)', 135, solicit, { extensions: fragment }],
    ['an option of no length', 135, [...solicit, 1, 0, 0, 0, 0, 0, 0, 0], {}],
    ['an option too long', 135, [...solicit, 1, 2, 0, 0, 0, 0, 0, 0], {}],
    ['half an option', 135, [...solicit, 1], {}],
    ['cut off', 135, solicit.slice(0, -1), {}],
    ['a group as target', 135, [0, 0, 0, 0, ...make.ip6('ff02::1')], {}],
  ])('%s: not to be looked at', (_, type, body, ip) => {
    const { packet, bytes } = message(type, body, ip);
    expect([packet.fault, isNdp(packet), isSoundNdp(packet, bytes)]).toEqual([0, true, false]);
  });

  it('another code is another message', () => {
    const { packet, bytes } = message(135, solicit);
    packet.icmpCode = 1;
    expect(isSoundNdp(packet, bytes)).toBe(false);
  });
});
