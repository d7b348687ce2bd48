/**
 * Random lives of domains with random faults: whatever happens, nothing appears and nothing is
 * lost.
 */

import { expect, it } from 'vitest';
import { DOM0, type Domid, type Port } from '../../core/ids.ts';
import { prng } from '../../core/prng.ts';
import type { Result } from '../../core/result.ts';
import type { Offer } from '../grants.ts';
import type { Region } from '../region.ts';
import { FALLIBLE } from './faults.ts';
import { createSim, type Sim } from './sim.ts';

interface State {
  readonly domains: Domid[];
  readonly offers: { by: Domid; offer: Offer }[];
  readonly grants: { by: Domid; region: Region }[];
  readonly foreign: Region[];
  readonly ports: { by: Domid; port: Port }[];
}

type Rng = ReturnType<typeof prng>;
type Act = (sim: Sim, state: State, rng: Rng) => void;

/** Keeps the value of a call that went well. */
function keep<T, K>(list: K[], result: Result<T>, wrap: (value: T) => K): void {
  if (result.ok) list.push(wrap(result.value));
}

function takeOne<T>(list: T[], rng: Rng): T | undefined {
  return list.splice(rng.below(Math.max(1, list.length)), 1)[0];
}

const anyone = (state: State, rng: Rng): Domid => rng.pick([DOM0, ...state.domains]);

const create: Act = ({ dom0: { domainControl } }, { domains }, rng) => {
  const made = domainControl.createDomain({
    uuid: new Uint8Array(16),
    maxVcpus: 1 + rng.below(4),
    hap: true,
    maxEvtchnPort: 20,
    maxGrantFrames: 1,
    maxMaptrackFrames: 1,
  });
  if (!made.ok) return;
  domains.push(made.value);
  domainControl.setMaxMem(made.value, rng.below(8000));
  domainControl.setPagingMempool(made.value, rng.below(900) * 4096);
  domainControl.populatePhysmap(made.value, [0, 1, 2, 3, 4, 5, 6, 7], 0);
  domainControl.populatePhysmap(made.value, [512, 1024], 9);
  domainControl.unpause(made.value);
};

/** What the domain itself held ends with it. */
const destroy: Act = ({ dom0 }, state, rng) => {
  const gone = takeOne(state.domains, rng);
  if (gone === undefined) return;
  if (!dom0.domainControl.destroyDomain(gone).ok) {
    state.domains.push(gone);
    return;
  }
  for (const list of [state.offers, state.grants, state.ports]) {
    for (let i = list.length - 1; i >= 0; i--) if (list[i]?.by === gone) list.splice(i, 1);
  }
};

const offer: Act = (sim, state, rng) => {
  const [by, to] = [anyone(state, rng), anyone(state, rng)];
  const made = sim.platform(by).grants.offer(to, 1 + rng.below(4), rng.chance(0.5) ? 'ro' : 'rw');
  keep(state.offers, made, (value) => ({ by, offer: value }));
};

const mapGrants: Act = (sim, state, rng) => {
  const some = state.offers[rng.below(state.offers.length + 1)];
  if (!some) return;
  const by = anyone(state, rng);
  const grefs = rng.chance(0.5) ? some.offer.grefs : [...some.offer.grefs].reverse();
  const mapped = sim.platform(by).grants.map(some.by, grefs, rng.chance(0.5) ? 'ro' : 'rw');
  keep(state.grants, mapped, (region) => ({ by, region }));
};

const mapForeign: Act = ({ dom0 }, state, rng) => {
  const owner = anyone(state, rng);
  const gfns = Array.from({ length: 1 + rng.below(4) }, () => rng.below(10));
  const { memory } = dom0;
  const table = rng.chance(0.3);
  const mapped = table ? memory.mapGrantTable(owner, 0, 1) : memory.mapForeign(owner, gfns);
  keep(state.foreign, mapped, (region) => region);
};

const openPort: Act = (sim, state, rng) => {
  const [by, to] = [anyone(state, rng), anyone(state, rng)];
  const theirs = sim.platform(by).events.allocUnbound(to);
  keep(state.ports, theirs, (port) => ({ by, port }));
  if (!theirs.ok) return;
  const ours = sim.platform(to).events.bindInterdomain(by, theirs.value);
  keep(state.ports, ours, (port) => ({ by: to, port }));
};

const scribble: Act = (_, state, rng) => {
  const regions = [...state.foreign, ...state.grants.map(({ region }) => region)];
  const region = regions[rng.below(regions.length + 1)];
  if (region) region.bytes[rng.below(region.bytes.length)] = rng.below(256);
};

const letGo: Act = (sim, state, rng) => {
  const foreign = takeOne(state.foreign, rng);
  if (foreign) sim.dom0.memory.unmap(foreign);
  const grant = takeOne(state.grants, rng);
  if (grant) sim.platform(grant.by).grants.unmap(grant.region);
  const offered = takeOne(state.offers, rng);
  if (offered) sim.platform(offered.by).grants.revoke(offered.offer);
  const opened = takeOne(state.ports, rng);
  if (opened) sim.platform(opened.by).events.close(opened.port);
};

const ring: Act = (sim, state, rng) => {
  const some = state.ports[rng.below(state.ports.length + 1)];
  if (some) sim.platform(some.by).events.notify(some.port);
};

const ACTS = [create, destroy, offer, offer, mapGrants, mapGrants, mapForeign, mapForeign];
const MORE = [openPort, scribble, scribble, letGo, ring];

const isLeft = (state: State) => Object.values(state).some((list) => list.length > 0);

it.each(Array.from({ length: 30 }, (_, i) => i + 1))('seed %i', async (seed) => {
  const sim = createSim({ seed, totalPages: 70_000 });
  const rng = prng(seed);
  const state: State = { domains: [], offers: [], grants: [], foreign: [], ports: [] };
  sim.faults.events({ lost: 0.1, duplicated: 0.1, late: 0.1, lateMs: 5 });
  for (let i = 0; i < 300; i++) {
    if (rng.chance(0.1)) sim.faults.fail(rng.pick(FALLIBLE), { nth: 1 + rng.below(3) });
    rng.pick([...ACTS, ...MORE])(sim, state, rng);
    if (rng.chance(0.05)) await sim.advance(1);
  }
  sim.faults.clear();
  while (isLeft(state)) rng.pick([letGo, destroy])(sim, state, rng);
  await sim.settle();
  expect(sim.leaks()).toEqual([]);
  expect(sim.trace.filter((line) => line.includes('(fault)')).length).toBeGreaterThan(3);
});
