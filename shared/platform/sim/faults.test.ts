/** Faults on demand strike exactly what they were asked for. */

import { describe, expect, it } from 'vitest';
import { VIRQ_DOM_EXC } from '../../abi/xen.ts';
import { DOM0, type Domid, domid, gref, port } from '../../core/ids.ts';
import { fail, must } from '../../core/result.ts';
import { waitFor } from '../cases/wait.ts';
import { FALLIBLE } from './faults.ts';
import { createSim, type Sim } from './sim.ts';

type Shown = { readonly ok: boolean; readonly error?: { readonly errno: string } };
const shown = (result: Shown) => result.error?.errno ?? 'ok';

describe('faults', () => {
  it('fail the nth call from now on, as often as asked', () => {
    const sim = createSim({ seed: 1 });
    const ask = () => shown(sim.dom0.domainControl.physInfo());
    expect(ask()).toBe('ok');
    sim.faults.fail('domainControl.physInfo', { nth: 2, times: 2, errno: 'EPERM' });
    expect([ask(), ask(), ask(), ask()]).toEqual(['ok', 'EPERM', 'EPERM', 'ok']);
    expect(sim.faults.calls('domainControl.physInfo')).toBe(5);
  });

  it('count only the calls of the domain that was named', () => {
    const sim = createSim({ seed: 1 });
    const guest = sim.addGuest();
    sim.faults.fail('memory.pages', { domid: guest, errno: 'ENOMEM' });
    expect(shown(sim.dom0.memory.pages(1))).toBe('ok');
    expect(shown(sim.platform(guest).memory.pages(1))).toBe('ENOMEM');
    expect(shown(sim.platform(guest).memory.pages(1))).toBe('ok');
  });

  it.each(FALLIBLE)('can fail %s, which then does nothing', (op) => {
    const sim = createSim({ seed: 1 });
    const call = callsOf(sim)[op];
    const before = sim.baseline();
    sim.faults.fail(op);
    expect([call()].flat().map(shown)).toEqual([op === 'events.notify' ? 'ok' : 'EIO']);
    expect(sim.leaks(before)).toEqual([]);
    expect(sim.faults.calls(op)).toBe(op === 'events.bindVirq' ? 2 : 1);
  });

  it('lose events', async () => {
    const sim = createSim({ seed: 1 });
    const theirs = must(sim.dom0.events.allocUnbound(DOM0));
    const ours = must(sim.dom0.events.bindInterdomain(DOM0, theirs));
    sim.faults.fail('events.notify');
    let counted = 0;
    void waitFor(sim.dom0.events, theirs, 0).then((count) => {
      counted = count;
    });
    sim.dom0.events.notify(ours);
    await sim.settle();
    expect(counted).toBe(0);
    sim.dom0.events.notify(ours);
    await sim.settle();
    expect(counted).toBe(1);
  });

  it('repeat events', async () => {
    const sim = createSim({ seed: 1 });
    sim.faults.events({ duplicated: 1 });
    const theirs = must(sim.dom0.events.allocUnbound(DOM0));
    const ours = must(sim.dom0.events.bindInterdomain(DOM0, theirs));
    sim.dom0.events.notify(ours);
    await sim.settle();
    expect(await waitFor(sim.dom0.events, theirs, 0)).toBe(1);
    sim.dom0.events.unmask(theirs);
    await sim.settle();
    expect(await waitFor(sim.dom0.events, theirs, 1)).toBe(2);
  });

  it('delay events', async () => {
    const sim = createSim({ seed: 1 });
    sim.faults.events({ late: 1, lateMs: 1000 });
    const theirs = must(sim.dom0.events.allocUnbound(DOM0));
    const ours = must(sim.dom0.events.bindInterdomain(DOM0, theirs));
    sim.dom0.events.notify(ours);
    await sim.run(waitFor(sim.dom0.events, theirs, 0));
    expect(sim.dom0.clock.nowMs()).toBeGreaterThan(1);
  });

  it('take the memory away, and give it back', () => {
    const sim = createSim({ seed: 1 });
    const free = () => must(sim.dom0.domainControl.physInfo()).freePages;
    const before = free();
    sim.faults.exhaust(100);
    expect(free()).toBe(100);
    expect(() => sim.addGuest()).toThrow('ENOMEM');
    sim.faults.clear();
    expect(free()).toBe(before);
  });

  it('leave no large pieces of memory', () => {
    const sim = createSim({ seed: 1 });
    const guest = sim.addGuest();
    const { domainControl } = sim.dom0;
    must(domainControl.setMaxMem(guest, 1 << 20));
    sim.faults.fragment(8);
    expect(must(domainControl.populatePhysmap(guest, [512], 9))).toBe(0);
    expect(must(domainControl.populatePhysmap(guest, [512], 8))).toBe(1);
  });
});

/** A copy to a page that is not there fails by itself, or as was asked for. */
function copyOnce({ dom0: { grants, memory } }: Sim, guest: Domid): Shown {
  const region = must(memory.pages(1));
  const batch = must(grants.batch(1));
  batch.toGuest(guest, gref(8), 0, region, 0, 1);
  batch.run();
  const errno = batch.error(0);
  memory.unmap(region);
  return errno === undefined ? { ok: true } : fail(errno, 'the copy');
}

/** One call of each op, as dom0. None of them was made before. */
function callsOf(sim: Sim) {
  const { events, grants, memory, domainControl: control } = sim.dom0;
  const guest = domid(1);
  const config = { uuid: new Uint8Array(16), maxVcpus: 1, hap: true, maxEvtchnPort: 9 };
  const end = { domid: guest, gref: gref(8), offset: 0 };
  const virq = must(events.bindVirq(4));
  const calls: Record<(typeof FALLIBLE)[number], () => Shown | readonly Shown[]> = {
    'events.allocUnbound': () => events.allocUnbound(guest),
    'events.bindInterdomain': () => events.bindInterdomain(guest, port(1)),
    'events.bindVirq': () => events.bindVirq(3),
    'events.notify': () => {
      events.notify(virq);
      return { ok: true };
    },
    'grants.offer': () => grants.offer(guest, 1, 'rw'),
    'grants.map': () => grants.map(guest, [end.gref], 'rw'),
    'grants.batch': () => grants.batch(1),
    'grants.copy': () => copyOnce(sim, guest),
    'memory.pages': () => memory.pages(1),
    'memory.mapForeign': () => memory.mapForeign(guest, [0]),
    'memory.mapGrantTable': () => memory.mapGrantTable(guest, 0, 1),
    'domainControl.version': () => control.version(),
    'domainControl.physInfo': () => control.physInfo(),
    'domainControl.createDomain': () =>
      control.createDomain({ ...config, maxGrantFrames: 1, maxMaptrackFrames: 1 }),
    'domainControl.setUuid': () => control.setUuid(guest, new Uint8Array(16)),
    'domainControl.destroyDomain': () => control.destroyDomain(guest),
    'domainControl.pause': () => control.pause(guest),
    'domainControl.unpause': () => control.unpause(guest),
    'domainControl.maxVcpus': () => control.maxVcpus(guest, 1),
    'domainControl.setMaxMem': () => control.setMaxMem(guest, 4),
    'domainControl.setPagingMempool': () => control.setPagingMempool(guest, 1 << 24),
    'domainControl.getInfo': () => control.getInfo(guest),
    'domainControl.uniqueId': () => control.uniqueId(guest),
    'domainControl.listInfo': () => control.listInfo(0, 9),
    'domainControl.populatePhysmap': () => control.populatePhysmap(guest, [999], 0),
    'domainControl.setMemoryMap': () => control.setMemoryMap(guest, []),
    'domainControl.setHvmParam': () => control.setHvmParam(guest, 1, 1n),
    'domainControl.getHvmParam': () => control.getHvmParam(guest, 1),
    'domainControl.getHvmContext': () => control.getHvmContext(guest),
    'domainControl.setHvmContext': () => control.setHvmContext(guest, new Uint8Array(0)),
    'domainControl.allocUnbound': () => control.allocUnbound(guest, DOM0),
    'domainControl.setVirqHandler': () => control.setVirqHandler(guest, VIRQ_DOM_EXC),
  };
  return calls;
}
