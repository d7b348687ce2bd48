/** The simulated host: same seed, same run; nothing appears and nothing is lost. */

import { describe, expect, it } from 'vitest';
import { DOM0, type Domid, domid } from '../../core/ids.ts';
import { prng } from '../../core/prng.ts';
import { must } from '../../core/result.ts';
import { waitFor } from '../cases/wait.ts';
import { createSim } from './sim.ts';

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
      seen = await waitFor(events, local, seen);
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
