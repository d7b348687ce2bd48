/** The simulated host: same seed, same run; nothing appears and nothing is lost. */

import { describe, expect, it } from 'vitest';
import { VIRQ_DOM_EXC } from '../../abi/xen.ts';
import { DOM0, type Domid, domid, gref, port } from '../../core/ids.ts';
import { prng } from '../../core/prng.ts';
import { must } from '../../core/result.ts';
import { createSim, type Sim } from './sim.ts';

const errno = (result: { ok: boolean; error?: { errno: string } }) => result.error?.errno ?? 'ok';
const info = (sim: Sim, id: Domid) => must(sim.dom0.domainControl.getInfo(id));
const free = (sim: Sim) => must(sim.dom0.domainControl.physInfo()).freePages;

/** Domains that send each other events at random times. */
async function chatter(seed: number): Promise<readonly string[]> {
  const sim = createSim({ seed });
  const rng = prng(seed);
  const talk = async (guest: Domid) => {
    const { events, clock } = sim.platform(guest);
    const local = must(sim.dom0.domainControl.allocUnbound(guest, DOM0));
    const ours = must(sim.dom0.events.bindInterdomain(guest, local));
    for (let i = 0, seen = 0; i < 20; i++) {
      sim.dom0.events.notify(ours);
      seen = await events.wait(local, seen);
      events.unmask(local);
      await clock.sleep(rng.below(1000) / 1000);
    }
  };
  await sim.run(Promise.all([1, 2, 3, 4].map(() => talk(sim.addGuest()))));
  return sim.trace;
}

describe('a simulation', () => {
  it('runs the same with the same seed, and otherwise with another', async () => {
    const [one, again, other] = [await chatter(1), await chatter(1), await chatter(2)];
    expect(one.length).toBeGreaterThan(200);
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it('traces calls with their caller, arguments and results', () => {
    const sim = createSim({ seed: 1 });
    sim.dom0.domainControl.getInfo(domid(7));
    sim.dom0.domainControl.listInfo(0, 0);
    expect(sim.trace).toEqual([
      '0.000000 d0 domainControl.getInfo 7 -> ESRCH',
      '0.000000 d0 domainControl.listInfo 0 0 -> []',
    ]);
  });

  it('lists what is left, and nothing once it is given back', async () => {
    const sim = createSim({ seed: 1 });
    const guest = sim.addGuest(10);
    const { events, grants, memory, clock, domainControl } = sim.dom0;
    const local = must(events.allocUnbound(guest));
    const offer = must(grants.offer(guest, 2, 'ro'));
    const mapped = must(sim.platform(guest).grants.map(DOM0, offer.grefs, 'ro'));
    const frame = must(memory.mapForeign(guest, [1]));
    const cancel = clock.after(10, () => {});
    expect(sim.leaks().filter((line) => !line.endsWith('pages of the host'))).toEqual([
      'd0 port 1 unbound d1',
      'd0 region offer to d1 of 2 pages',
      'd0 region foreign of d1 of 1 pages',
      'd0 grant 8 mapped',
      'd0 grant 9 mapped',
      'd0 timer',
      'd1',
      'd1 region grant of d0 of 2 pages',
    ]);
    expect(sim.leaks().at(-1)).toMatch(/^\d+ pages of the host$/);
    cancel();
    memory.unmap(frame);
    sim.platform(guest).grants.unmap(mapped);
    grants.revoke(offer);
    events.close(local);
    must(domainControl.destroyDomain(guest));
    expect(sim.leaks()).toEqual([]);
  });

  it('refuses calls that are bugs', () => {
    const sim = createSim({ seed: 1 });
    const guest = sim.addGuest();
    const { events, memory, grants } = sim.dom0;
    const local = must(events.allocUnbound(guest));
    events.close(local);
    expect(() => events.close(local)).toThrow('not open');
    const region = must(memory.pages(1));
    expect(() => grants.unmap(region)).toThrow('a region of pages');
    memory.unmap(region);
    expect(() => memory.unmap(region)).toThrow('not mapped');
    const offer = must(grants.offer(guest, 1, 'rw'));
    expect(() => memory.unmap(offer.region)).toThrow('a region of offer');
    grants.revoke(offer);
    expect(() => grants.revoke(offer)).toThrow('revoked already');
    const { domainControl } = sim.dom0;
    expect(() => domainControl.populatePhysmap(guest, [513], 9)).toThrow('not aligned');
  });
});

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

describe('simulated domains', () => {
  it('control others only if they may', () => {
    const sim = createSim({ seed: 1 });
    const [guest, other] = [sim.addGuest(), sim.addGuest()];
    const { domainControl, memory } = sim.platform(guest);
    expect(errno(domainControl.getInfo(other))).toBe('EPERM');
    expect(errno(domainControl.listInfo(0, 9))).toBe('EPERM');
    expect(errno(memory.mapForeign(other, [0]))).toBe('EPERM');
    expect(errno(memory.mapForeign(guest, [0]))).toBe('ok');
  });

  it('do not end or pause themselves', () => {
    const { domainControl } = createSim({ seed: 1 }).dom0;
    expect(errno(domainControl.destroyDomain(DOM0))).toBe('EINVAL');
    expect(errno(domainControl.pause(DOM0))).toBe('EINVAL');
  });

  it('run their own code once they are unpaused', async () => {
    const lines: string[] = [];
    const sim = createSim({
      seed: 1,
      guest: async (platform, id) => {
        lines.push(`d${id} up`);
        platform.console.line('hello');
        await platform.clock.sleep(5);
        lines.push(`d${id} on`);
      },
    });
    const guest = sim.addGuest();
    expect(lines).toEqual([]);
    await sim.advance(1);
    must(sim.dom0.domainControl.pause(guest));
    await sim.advance(100);
    expect(lines).toEqual([`d${guest} up`]);
    must(sim.dom0.domainControl.unpause(guest));
    await sim.settle();
    expect(lines).toEqual([`d${guest} up`, `d${guest} on`]);
    expect(sim.domain(guest).consoleLines).toEqual(['hello']);
  });

  it('that end never wake, and make no calls', async () => {
    const woken: string[] = [];
    const sim = createSim({ seed: 1 });
    const guest = sim.addGuest();
    const { clock, events, memory } = sim.platform(guest);
    const local = must(events.allocUnbound(DOM0));
    void clock.sleep(1).then(() => woken.push('sleep'));
    void events.wait(local, 0).then(() => woken.push('wait'));
    must(sim.dom0.domainControl.destroyDomain(guest));
    await sim.settle();
    expect(woken).toEqual([]);
    expect(() => memory.pages(1)).toThrow('is no more');
  });

  it('tell of their shutdown and their end by VIRQ_DOM_EXC', async () => {
    const sim = createSim({ seed: 1 });
    const { events, domainControl } = sim.dom0;
    const virq = must(events.bindVirq(VIRQ_DOM_EXC));
    const guest = sim.addGuest();
    sim.domain(guest).shutdown('reboot');
    const seen = await sim.run(events.wait(virq, 0));
    events.unmask(virq);
    expect(info(sim, guest)).toMatchObject({ shutdown: 'reboot', paused: false, blocked: false });
    must(domainControl.destroyDomain(guest));
    expect(await sim.run(events.wait(virq, seen))).toBe(seen + 1);
  });

  it('get VIRQ_DOM_EXC instead of dom0 where that is set', async () => {
    const sim = createSim({ seed: 1 });
    const [store, guest] = [sim.addGuest(), sim.addGuest()];
    const virqs = [sim.dom0, sim.platform(store)].map(({ events }) => ({
      events,
      virq: must(events.bindVirq(VIRQ_DOM_EXC)),
    }));
    sim.setVirqHandler(VIRQ_DOM_EXC, store);
    sim.domain(guest).shutdown('crash');
    await sim.settle();
    const counts = virqs.map(({ events, virq }) => events.wait(virq, -1));
    expect(await Promise.all(counts)).toEqual([0, 1]);
  });

  it('have as many ports as they were created for', () => {
    const sim = createSim({ seed: 1 });
    const { domainControl } = sim.dom0;
    const config = { uuid: new Uint8Array(16), maxVcpus: 1, hap: true, maxEvtchnPort: 3 };
    const guest = must(
      domainControl.createDomain({ ...config, maxGrantFrames: 1, maxMaptrackFrames: 1 }),
    );
    const ports = [1, 2, 3, 4].map(() => domainControl.allocUnbound(guest, DOM0));
    expect(ports.map(errno)).toEqual(['ok', 'ok', 'ok', 'ENOSPC']);
  });

  it('can be rebound to where their peer left', () => {
    const sim = createSim({ seed: 1 });
    const guest = sim.addGuest();
    const theirs = must(sim.dom0.domainControl.allocUnbound(guest, DOM0));
    const { events } = sim.dom0;
    events.close(must(events.bindInterdomain(guest, theirs)));
    expect(errno(events.bindInterdomain(guest, theirs))).toBe('ok');
    expect(errno(events.bindInterdomain(guest, port(9)))).toBe('EINVAL');
  });
});

describe('grants of simulated domains', () => {
  it('are limited by the owner’s table and the mapper’s handles', () => {
    const sim = createSim({ seed: 1 });
    const { domainControl } = sim.dom0;
    const config = { uuid: new Uint8Array(16), maxVcpus: 1, hap: true, maxEvtchnPort: 3 };
    const guest = must(
      domainControl.createDomain({ ...config, maxGrantFrames: 1, maxMaptrackFrames: 1 }),
    );
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
