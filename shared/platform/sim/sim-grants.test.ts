/** Grants of simulated domains: limits, and what the table shows. */

import { describe, expect, it } from 'vitest';
import { DOM0, gref } from '../../core/ids.ts';
import { must } from '../../core/result.ts';
import { createSim } from './sim.ts';
import { errno, smallDomain } from './testing.ts';

describe('grants of simulated domains', () => {
  it('are limited by the owner’s table and the mapper’s handles', () => {
    const sim = createSim({ seed: 1 });
    const guest = smallDomain(sim);
    const { grants } = sim.platform(guest);
    expect(errno(grants.offer(DOM0, 505, 'rw'))).toBe('ENOSPC');
    const offer = must(grants.offer(DOM0, 504, 'rw'));
    grants.revoke(offer);
    expect(errno(grants.offer(DOM0, 504, 'rw'))).toBe('ok');
    const many = must(sim.dom0.grants.offer(guest, 257, 'ro'));
    expect(errno(grants.map(DOM0, many.grefs, 'ro'))).toBe('ENOSPC');
    expect(errno(grants.map(DOM0, many.grefs.slice(1), 'ro'))).toBe('ok');
    expect(errno(sim.dom0.memory.mapGrantTable(guest, 1, 1))).toBe('EINVAL');
  });

  it('show in the table while they are mapped', () => {
    const sim = createSim({ seed: 1 });
    const guest = sim.addGuest();
    const offer = must(sim.platform(guest).grants.offer(DOM0, 1, 'rw'));
    const table = must(sim.dom0.memory.mapGrantTable(guest, 0, 1));
    const entry = () => table.words[offer.grefs[0]! * 2]! & 0xff;
    expect(entry()).toBe(0b00001);
    const read = must(sim.dom0.grants.map(guest, offer.grefs, 'ro'));
    expect(entry()).toBe(0b01001);
    const write = must(sim.dom0.grants.map(guest, offer.grefs, 'rw'));
    expect(entry()).toBe(0b11001);
    sim.dom0.grants.unmap(write);
    expect(entry()).toBe(0b01001);
    sim.dom0.grants.unmap(read);
    expect(entry()).toBe(0b00001);
  });

  it('that end while mapped keep their entry until the mapping ends', () => {
    const sim = createSim({ seed: 1 });
    const guest = sim.addGuest();
    const { grants } = sim.platform(guest);
    const offer = must(grants.offer(DOM0, 1, 'rw'));
    const mapped = must(sim.dom0.grants.map(guest, offer.grefs, 'rw'));
    grants.revoke(offer);
    expect(errno(sim.dom0.grants.map(guest, offer.grefs, 'rw'))).toBe('EINVAL');
    const next = must(grants.offer(DOM0, 1, 'rw'));
    expect(next.grefs).not.toEqual(offer.grefs);
    sim.dom0.grants.unmap(mapped);
    expect(must(grants.offer(DOM0, 1, 'rw')).grefs).toEqual(offer.grefs);
  });

  it('of pages that are not there are refused', () => {
    const sim = createSim({ seed: 1 });
    const guest = sim.addGuest(4);
    const table = must(sim.dom0.memory.mapGrantTable(guest, 0, 1));
    table.words[2] = 1;
    table.words[3] = 4000;
    expect(errno(sim.dom0.grants.map(guest, [gref(1)], 'rw'))).toBe('EINVAL');
  });
});
