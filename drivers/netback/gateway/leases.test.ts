/** Leases over restarts of the backend, and memory that was damaged. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { memory } from '../../../test/net/regions.ts';
import { boxBytes, noteSecond, openBox } from '../state/box.ts';
import type { Table } from '../state/table.ts';
import type { DhcpConfig } from './config.ts';
import {
  addressFor,
  claimLeases,
  giveLease,
  LEASE_FORM,
  type Leases,
  openLeases,
} from './leases.ts';
import { LEASE_S } from './limits.ts';

const CONFIG: DhcpConfig = { first: 0x0a00_0064, last: 0x0a00_0073 };
const OURS = 0x0a00_0001;
const mac = (i: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, i);

function open(region: ReturnType<typeof memory>, nowS: number, config = CONFIG) {
  const box = openBox(region, [LEASE_FORM], config.first);
  const leases = openLeases(box.tables[0] as Table, config, box.keptS, nowS);
  noteSecond(box, nowS);
  return { box, leases };
}

/** The address that a station would be given. */
const of = (leases: Leases, i: number, wanted = 0): number =>
  addressFor(leases, mac(i), 0, wanted, 1, OURS);

describe('the next backend', () => {
  it('gives the same addresses to the same stations, by another clock', () => {
    const region = memory(boxBytes([LEASE_FORM]));
    const first = open(region, 1000).leases;
    for (let i = 0; i < 5; i++) giveLease(first, CONFIG.first + 2 * i, mac(i), 0, 7, 1, LEASE_S);
    const { leases } = open(region, 5);
    claimLeases(leases, 7, 3);
    for (let i = 0; i < 5; i++) expect(of(leases, i)).toBe(CONFIG.first + 2 * i);
    expect(of(leases, 9, CONFIG.first)).toBe(CONFIG.first + 1);
    expect([leases.counts[1], leases.counts[3]]).toEqual([0, 5]);
  });

  it('knows what is over', () => {
    const region = memory(boxBytes([LEASE_FORM]));
    const first = open(region, 0);
    giveLease(first.leases, CONFIG.first, mac(1), 0, 7, 1, 100);
    noteSecond(first.box, 90);
    const second = open(region, 5000).leases;
    expect(of(second, 2, CONFIG.first)).toBe(CONFIG.first + 1);
    second.nowS = 5011;
    expect(of(second, 2, CONFIG.first)).toBe(CONFIG.first);
  });

  it('has nothing left of another range', () => {
    const region = memory(boxBytes([LEASE_FORM]));
    giveLease(open(region, 0).leases, CONFIG.first, mac(1), 0, 7, 1, LEASE_S);
    const other = { first: CONFIG.first + 16, last: CONFIG.last + 16 };
    expect(of(open(region, 0, other).leases, 1)).toBe(other.first);
  });
});

it.each([1, 2, 3])('what was damaged is free or as it was, seed %i', (seed) => {
  const random = prng(seed);
  const region = memory(boxBytes([LEASE_FORM]));
  const first = open(region, 0).leases;
  for (let i = 0; i < 8; i++) giveLease(first, CONFIG.first + i, mac(i), 0, 7, 1, LEASE_S);
  for (let round = 0; round < 200; round++) {
    const copy = memory(boxBytes([LEASE_FORM]));
    copy.words.set(region.words);
    // In the entries that are used, a bit each.
    for (let hits = 0; hits < 4; hits++) {
      const word = 32 + random.below(8 * LEASE_FORM.words);
      copy.words[word] = (copy.words[word] as number) ^ (1 << random.below(32));
    }
    const { leases } = open(copy, 0);
    const given = Array.from({ length: 8 }, (_, i) => of(leases, i));
    const kept = given.filter((ip4, i) => ip4 === CONFIG.first + i).length;
    expect(kept).toBeGreaterThanOrEqual(4);
    expect(given.every((ip4) => ip4 >= CONFIG.first && ip4 <= CONFIG.last)).toBe(true);
  }
});
