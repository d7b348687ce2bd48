/** The platform cases on simulated hosts: several seeds, both hypervisors, a peer and loopback. */

import { describe, expect, it } from 'vitest';
import { DOM0 } from '../../core/ids.ts';
import type { CaseSetting } from '../cases/case.ts';
import { cases } from '../cases/cases.ts';
import { type Outcome, runCases } from '../cases/run.ts';
import { createSim, type Sim } from './sim.ts';

function setting(sim: Sim, loopback: boolean): CaseSetting {
  const peerDomid = loopback ? DOM0 : sim.addGuest();
  const since = sim.baseline();
  return {
    platform: sim.dom0,
    self: DOM0,
    peer: sim.platform(peerDomid),
    peerDomid,
    offers: ['control', 'virq'],
    leaks: () => sim.leaks(since),
  };
}

async function outcomes(sim: Sim, loopback: boolean, run = cases): Promise<Outcome[]> {
  const seen: Outcome[] = [];
  await sim.run(runCases(setting(sim, loopback), run, (outcome) => seen.push(outcome)));
  return seen;
}

describe('the platform cases', () => {
  const rows = [
    { seed: 1, xen: '4.17', loopback: false },
    { seed: 2, xen: '4.20', loopback: false },
    { seed: 3, xen: '4.17', loopback: true },
    { seed: 4, xen: '4.20', loopback: true },
    { seed: 7, xen: '4.22', loopback: false },
  ] as const;
  it.each(rows)('pass with seed $seed on $xen, loopback $loopback', async (row) => {
    const sim = createSim({ seed: row.seed, xen: row.xen });
    const seen = await outcomes(sim, row.loopback);
    const bad = seen.filter((outcome) => outcome.status !== 'passed');
    expect(bad).toEqual([]);
    expect(seen.length).toBe(cases.length);
  });

  it('pass when events come twice and late', async () => {
    const sim = createSim({ seed: 5 });
    sim.faults.events({ duplicated: 0.2, late: 0.2, lateMs: 1 });
    const run = cases.filter(({ name }) => !name.includes('at most as often as they were raised'));
    const seen = await outcomes(sim, false, run);
    expect(seen.filter((outcome) => outcome.status !== 'passed')).toEqual([]);
    expect(run.length).toBe(cases.length - 1);
  });

  it('notice when events are lost', async () => {
    const sim = createSim({ seed: 6 });
    sim.faults.events({ lost: 0.05 });
    const bad = (await outcomes(sim, false)).filter((outcome) => outcome.status === 'failed');
    expect(bad.map((outcome) => outcome.why).join()).toContain('a lost wake-up');
  });
});
