// Two VMs that want one name, or one uuid, at the same time.
import { expect, it } from 'vitest';
import { must, ok } from '../../shared/core/result.ts';
import {
  type CreateState,
  listDomains,
  newCreateState,
  newDestroyState,
  type Plan,
  type PlanResult,
  planDestroy,
  runPlan,
} from '../../shared/domain/build/index.ts';
import { type Bench, bench, must2, UUID } from './build-bench.ts';

const OTHER_UUID = UUID.replace('2f', '3f');

const RIVALS = [
  ['one name', { uuid: OTHER_UUID }, "the name 'web' is in use by domain"],
  ['one uuid', { name: 'other' }, `uuid ${UUID} is that of domain`],
] as const;

const run = ({ host }: Bench, plan: Plan<CreateState>): Promise<PlanResult> =>
  runPlan(plan, newCreateState(host), host.clock);

/** The domains that are there, and what the store says of them. */
async function census({ sim, xenstore }: Bench): Promise<unknown> {
  const domids = must(listDomains(sim.dom0.domainControl)).map(({ domid }) => domid);
  const named = must(await sim.run(xenstore.directory('/local/domain'))).map(Number);
  return [domids.filter((domid) => domid > 0), named.filter((domid) => domid > 0)];
}

it.each(RIVALS)(
  'of two that want %s the one whose nodes come later fails',
  async (_, rival, why) => {
    const made = await bench();
    const first = await made.plan();
    const second = await made.plan(rival);
    let between: PlanResult | undefined;
    // The domain of the lower number is there, but has no name yet when the other one is made.
    const steps = first.steps.flatMap((step) => {
      if (step.id !== 'domain') return [step];
      const other = async () => {
        between = await run(made, second);
        return ok();
      };
      return [step, { id: 'rival', title: 'make the other one', run: other }];
    });
    const result = await made.sim.run(run(made, { name: '', steps }));
    expect(between).toEqual({ ok: true });
    expect(result).toMatchObject({ error: { errno: 'EEXIST', step: 'name', left: [] } });
    expect(result.ok ? '' : result.error.what).toContain(`${why} 2`);
    expect(await census(made)).toEqual([[2], [2]]);
  },
);

it.each(Array.from({ length: 20 }, (_, i) => i + 1))(
  'of four at once that want one name exactly one comes to be (seed %i)',
  async (seed) => {
    const made = await bench({ seed });
    const uuids = ['1', '2', '3', '4'].map((digit) => UUID.replace('2f', `${digit}f`));
    const plans = await Promise.all(uuids.map((uuid) => made.plan({ uuid })));
    const results = await made.sim.run(Promise.all(plans.map((plan) => run(made, plan))));
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    for (const result of results) {
      if (!result.ok) expect(result.error).toMatchObject({ errno: 'EEXIST', left: [] });
    }
    const [domids, named] = (await census(made)) as [number[], number[]];
    expect(domids).toHaveLength(1);
    expect(named).toEqual(domids);
  },
);

it('what a domain that is gone left in the store holds no name', async () => {
  const made = await bench();
  must2(await made.create());
  const [id] = must(listDomains(made.sim.dom0.domainControl)).slice(1);
  must(made.sim.dom0.domainControl.destroyDomain(id!.domid));
  must2(await made.create());
  const [again] = must(listDomains(made.sim.dom0.domainControl)).slice(1);
  must2(
    await made.sim.run(
      runPlan(planDestroy(again!.domid), newDestroyState(made.host), made.host.clock),
    ),
  );
});
