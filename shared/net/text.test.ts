/** Addresses as text and back. */

import { describe, expect, it } from 'vitest';
import { prng } from '../core/prng.ts';
import {
  formatCidr,
  formatIp4,
  formatIp6,
  isWithin,
  parseCidr,
  parseIp4,
  parseIp6,
} from './address-text.ts';
import { formatMac, parseMac } from './mac-text.ts';

describe('no address', () => {
  it.each(['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.4 ', 'a.b.c.d', '-1.0.0.0'])(
    'of IPv4: %s',
    (text) => {
      expect(parseIp4(text)).toBeUndefined();
    },
  );

  it.each([
    ...['', ':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '::12345', 'g::', '1:'],
    ...['1:2:3:4:5:6:7:8::', '::1.2.3', '1.2.3.4::', '::1.2.3.4:5', '1:2:3:4:5:6:7:1.2.3.4'],
  ])('of IPv6: %s', (text) => {
    expect(parseIp6(text)).toBeUndefined();
  });

  it.each(['', '0:1:2:3:4', '00:16:3e:00:00:0g', '00:16:3e:00:00:001', '00-16-3e-00-00-00'])(
    'of a MAC: %s',
    (text) => {
      expect(parseMac(text)).toBeUndefined();
    },
  );

  it.each([
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '/8',
    '10.0.0.0/08',
    '10.0.0.0/-1',
  ])('with a length: %s', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

// RFC 5952 4.
it.each([
  ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['::1', '::1'],
  ['FE80::', 'fe80::'],
  ['::ffff:1.2.3.4', '::ffff:102:304'],
  ['1::5:6:7:8', '1::5:6:7:8'],
])('%s is written %s', (text, want) => {
  const bytes = parseIp6(text) as Uint8Array;
  expect(formatIp6(bytes, 0)).toBe(want);
});

it.each([1, 2, 3])('what is written is read as the same, seed %i', (seed) => {
  const random = prng(seed);
  for (let i = 0; i < 300; i++) {
    const bytes = Uint8Array.from({ length: 16 }, () =>
      random.chance(0.6) ? 0 : random.below(256),
    );
    expect([...(parseIp6(formatIp6(bytes, 0)) ?? [])]).toEqual([...bytes]);
    expect([...(parseMac(formatMac(bytes, 0)) ?? [])]).toEqual([...bytes.slice(0, 6)]);
    const four = random.next();
    expect(parseIp4(formatIp4(four))).toBe(four);
  }
});

it.each([
  ['10.0.0.0/8', '10.255.0.1', '11.0.0.1'],
  ['10.0.0.128/25', '10.0.0.255', '10.0.0.127'],
  ['0.0.0.0/0', '255.255.255.255', undefined],
  ['10.0.0.1', '10.0.0.1', '10.0.0.2'],
  ['fd00::/9', 'fd7f::1', 'fd80::'],
  ['::/0', '1::', undefined],
  ['fd00::1', 'fd00::1', 'fd00::2'],
])('%s has %s and not %s', (text, inside, outside) => {
  const cidr = parseCidr(text);
  expect(cidr && formatCidr(cidr)).toBe(text);
  const holds = (name: string): boolean | undefined => {
    const other = parseCidr(name);
    return cidr && other && isWithin(cidr, Uint8Array.from([9, ...other.address]), 1);
  };
  expect(holds(inside)).toBe(true);
  if (outside !== undefined) expect(holds(outside)).toBe(false);
});
