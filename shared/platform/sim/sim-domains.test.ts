/** Simulated domains: their rights, their code, their end. */

import { describe, expect, it } from 'vitest';
import { VIRQ_DOM_EXC } from '../../abi/xen.ts';
import { DOM0, port } from '../../core/ids.ts';
import { must } from '../../core/result.ts';
import { waitFor } from '../cases/wait.ts';
import { createSim } from './sim.ts';
import { errno, info, smallDomain } from './testing.ts';

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

  it('get events that came while they were paused once they run', async () => {
    const sim = createSim({ seed: 1 });
    const guest = sim.addGuest();
    const { events } = sim.platform(guest);
    const theirs = must(events.allocUnbound(DOM0));
    const ours = must(sim.dom0.events.bindInterdomain(guest, theirs));
    let seen = 0;
    void waitFor(events, theirs, 0).then((count) => {
      seen = count;
    });
    must(sim.dom0.domainControl.pause(guest));
    sim.dom0.events.notify(ours);
    await sim.settle();
    expect(seen).toBe(0);
    must(sim.dom0.domainControl.unpause(guest));
    await sim.settle();
    expect(seen).toBe(1);
  });

  it('that end never wake, and make no calls', async () => {
    const woken: string[] = [];
    const sim = createSim({ seed: 1 });
    const guest = sim.addGuest();
    const { clock, events, memory } = sim.platform(guest);
    const local = must(events.allocUnbound(DOM0));
    void clock.sleep(1).then(() => woken.push('sleep'));
    void waitFor(events, local, 0).then(() => woken.push('wait'));
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
    const seen = await sim.run(waitFor(events, virq, 0));
    events.unmask(virq);
    expect(info(sim, guest)).toMatchObject({ shutdown: 'reboot', paused: false, blocked: false });
    must(domainControl.destroyDomain(guest));
    expect(await sim.run(waitFor(events, virq, seen))).toBe(seen + 1);
  });

  it('get VIRQ_DOM_EXC instead of dom0 where that is set', async () => {
    const sim = createSim({ seed: 1 });
    const [store, guest, later] = [sim.addGuest(), sim.addGuest(), sim.addGuest()];
    const virqs = [sim.dom0, sim.platform(store)].map(({ events }) => ({
      events,
      virq: must(events.bindVirq(VIRQ_DOM_EXC)),
    }));
    for (const { events, virq } of virqs) expect(await waitFor(events, virq, -1)).toBe(0);
    sim.setVirqHandler(VIRQ_DOM_EXC, store);
    sim.domain(guest).shutdown('crash');
    await sim.settle();
    const counts = virqs.map(({ events, virq }) => waitFor(events, virq, -1));
    expect(await Promise.all(counts)).toEqual([0, 1]);
    must(sim.dom0.domainControl.destroyDomain(store));
    sim.domain(later).shutdown('crash');
    await sim.settle();
    const [own] = virqs;
    expect(own && (await waitFor(own.events, own.virq, -1))).toBe(1);
  });

  it('have as many ports as they were created for', () => {
    const sim = createSim({ seed: 1 });
    const { domainControl } = sim.dom0;
    const guest = smallDomain(sim);
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
