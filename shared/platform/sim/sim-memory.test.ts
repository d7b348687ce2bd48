/** Memory of simulated domains: its limits, and when it is freed. */

import { describe, expect, it } from 'vitest';
import { DOM0, domid } from '../../core/ids.ts';
import { must } from '../../core/result.ts';
import { createSim } from './sim.ts';
import { errno, free, info } from './testing.ts';

describe('memory of simulated domains', () => {
  it('costs nothing until it is touched', () => {
    const sim = createSim({ seed: 1, totalPages: 2 ** 30 });
    const guest = sim.addGuest(1);
    const { domainControl, memory } = sim.dom0;
    must(domainControl.setMaxMem(guest, 2 ** 32));
    must(domainControl.setPagingMempool(guest, 1 << 24));
    const gfns = Array.from({ length: 1000 }, (_, i) => (i + 1) * 2 ** 18);
    expect(must(domainControl.populatePhysmap(guest, gfns, 18))).toBe(1000);
    expect(info(sim, guest).totalPages).toBe(1 + 1000 * 2 ** 18);
    const last = must(memory.mapForeign(guest, [1000 * 2 ** 18 + 77]));
    last.bytes[0] = 1;
    memory.unmap(last);
    expect(errno(memory.mapForeign(guest, [1001 * 2 ** 18]))).toBe('EINVAL');
  });

  it('stops at the host’s end', () => {
    const sim = createSim({ seed: 1, totalPages: 4096, dom0Pages: 1024 });
    const guest = sim.addGuest(1);
    const { domainControl } = sim.dom0;
    must(domainControl.setMaxMem(guest, 1 << 20));
    const left = free(sim);
    const gfns = Array.from({ length: 5000 }, (_, i) => i + 512);
    expect(must(domainControl.populatePhysmap(guest, gfns, 0))).toBe(left);
    expect(free(sim)).toBe(0);
    must(domainControl.destroyDomain(guest));
    expect(sim.leaks()).toEqual([]);
  });

  it('stops where the pool of paging structures ends', () => {
    const sim = createSim({ seed: 1 });
    const guest = sim.addGuest(1);
    const { domainControl } = sim.dom0;
    must(domainControl.setMaxMem(guest, 1 << 22));
    must(domainControl.setPagingMempool(guest, 40 * 4096));
    // One page in each of many runs of 2 MiB: a table page each.
    const gfns = Array.from({ length: 100 }, (_, i) => (i + 1) * 512);
    expect(must(domainControl.populatePhysmap(guest, gfns, 0))).toBe(36);
    must(domainControl.setPagingMempool(guest, 400 * 4096));
    expect(must(domainControl.populatePhysmap(guest, gfns.slice(36), 0))).toBe(64);
    expect(errno(domainControl.setPagingMempool(guest, 10 * 4096))).toBe('ENOMEM');
    expect(errno(domainControl.setPagingMempool(guest, 4095))).toBe('EINVAL');
  });

  it('is limited where a domain makes pages for itself', () => {
    const sim = createSim({ seed: 1, ownPages: 10 });
    const { memory, grants } = sim.dom0;
    const region = must(memory.pages(8));
    expect(errno(memory.pages(3))).toBe('ENOMEM');
    expect(errno(grants.offer(domid(1), 3, 'rw'))).toBe('ENOMEM');
    memory.unmap(region);
    memory.unmap(must(memory.pages(10)));
    expect(sim.leaks()).toEqual([]);
  });

  it('of a dead domain stays as long as somebody maps it', () => {
    const sim = createSim({ seed: 1 });
    const guest = sim.addGuest(100);
    const { domainControl, memory, grants } = sim.dom0;
    const offer = must(sim.platform(guest).grants.offer(DOM0, 2, 'rw'));
    offer.region.bytes[5] = 5;
    const granted = must(grants.map(guest, offer.grefs, 'rw'));
    const frames = must(memory.mapForeign(guest, [3, 4, 3]));
    const table = must(memory.mapGrantTable(guest, 0, 1));
    must(domainControl.destroyDomain(guest));
    expect(info(sim, guest)).toMatchObject({ dying: true, totalPages: 2 });
    expect(granted.bytes[5]).toBe(5);
    memory.unmap(frames);
    expect(info(sim, guest).totalPages).toBe(0);
    grants.unmap(granted);
    expect(info(sim, guest).dying).toBe(true);
    memory.unmap(table);
    expect(errno(domainControl.getInfo(guest))).toBe('ESRCH');
    expect(sim.leaks()).toEqual([]);
  });
});
