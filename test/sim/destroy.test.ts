// Destroying domains on the simulator: nothing of them is left, and all of others.
import { describe, expect, it } from 'vitest';
import { domid } from '../../shared/core/ids.ts';
import { must } from '../../shared/core/result.ts';
import { newDestroyState, planDestroy, runPlan } from '../../shared/domain/build/index.ts';
import { bench, must2, USERDATA, UUID } from './build-bench.ts';

describe('destroying a domain', () => {
  it('leaves host and store as they were, round after round', async () => {
    const { sim, create, tree, host } = await bench();
    const before = await tree();
    const baseline = sim.baseline();
    for (let round = 1; round <= 20; round++) {
      must2(await create());
      const plan = planDestroy(domid(round));
      must2(await sim.run(runPlan(plan, newDestroyState(host), host.clock)));
    }
    expect(sim.leaks(baseline)).toEqual([]);
    expect(await tree()).toEqual(before);
  });

  it('removes all that libxl keeps of it, and nothing of others', async () => {
    const { sim, create, host, written } = await bench();
    must2(await create());
    const other = '3f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a';
    const gone = [
      `d.1.${UUID}.xl`,
      `n.1.${UUID}.libxl-json`,
      `l.1.${UUID}.domain-userdata-lock`,
      `d.1.${other}.libxl-json`,
    ];
    const kept = [`d.11.${UUID}.libxl-json`, `d.2.${UUID}.libxl-json`, `d.0.${UUID}.libxl-json`];
    for (const name of [...gone, ...kept]) {
      written.set(`${USERDATA}/userdata-${name}`, new Uint8Array(1));
    }
    must2(await sim.run(runPlan(planDestroy(domid(1)), newDestroyState(host), host.clock)));
    expect([...written.keys()]).toEqual(kept.map((name) => `${USERDATA}/userdata-${name}`));
  });

  it('refuses domain 0, the xenstore domain, and one that is not there', async () => {
    const { sim, host } = await bench();
    const end = (id: number) =>
      sim.run(runPlan(planDestroy(domid(id)), newDestroyState(host), host.clock));
    expect(await end(0)).toMatchObject({ error: { errno: 'EPERM' } });
    const store = { uuid: new Uint8Array(16), maxVcpus: 1, hap: true, xenstore: true };
    const tables = { maxEvtchnPort: 9, maxGrantFrames: 4, maxMaptrackFrames: 4 };
    const xenstore = must(sim.dom0.domainControl.createDomain({ ...store, ...tables }));
    expect(await end(xenstore)).toMatchObject({ error: { errno: 'EPERM' } });
    expect(await end(9)).toMatchObject({ error: { errno: 'ESRCH' } });
  });

  it('never removes what a guest claims to be its back end (XSA-175)', async () => {
    const { sim, create, tree, host, xenstore } = await bench();
    must2(await create());
    await sim.run(xenstore.write('/libxl/1/device/vbd/0/backend', '/local/domain/0/name'));
    await sim.run(xenstore.write('/local/domain/1/device/vbd/0/backend', '/tool'));
    must2(await sim.run(runPlan(planDestroy(domid(1)), newDestroyState(host), host.clock)));
    const left = (await tree()).join('\n');
    expect(left).toContain('/local/domain/0/name');
    expect(left).toContain('/tool');
  });

  it('does not wait for ever for a back end that is stuck', async () => {
    const { sim, create, host, xenstore } = await bench();
    must2(await create());
    const back = '/local/domain/0/backend/vbd/1/51712';
    await sim.run(xenstore.write('/libxl/1/device/vbd/51712/backend', back));
    await sim.run(xenstore.write(`${back}/state`, '4'));
    must2(await sim.run(runPlan(planDestroy(domid(1)), newDestroyState(host), host.clock)));
    expect(must(await sim.run(xenstore.exists(back)))).toBe(false);
  });

  it('leaves the kernel’s back end, which looks at its frontend alone, time to close', async () => {
    const { sim, create, host, xenstore } = await bench();
    must2(await create());
    const back = '/local/domain/0/backend/vbd/1/51712';
    const front = '/local/domain/1/device/vbd/51712';
    const nodes = { [`${front}/state`]: '4', [`${back}/state`]: '4', [`${back}/online`]: '1' };
    for (const [path, value] of Object.entries(nodes)) {
      must(await sim.run(xenstore.write(path, value)));
    }
    must(await sim.run(xenstore.write('/libxl/1/device/vbd/51712/backend', back)));
    // What its nodes say when it is done with what was under way.
    const seen: (string | undefined)[] = [];
    const watch = must(await sim.run(xenstore.watch(`${front}/state`)));
    void (async () => {
      for await (const _ of watch) {
        if ((await xenstore.exists(`${front}/state`)).ok === false) continue;
        if (must(await xenstore.exists(`${front}/state`))) continue;
        await sim.dom0.clock.sleep(300);
        for (const name of ['state', 'online']) {
          const read = await xenstore.readString(`${back}/${name}`);
          seen.push(read.ok ? read.value : undefined);
        }
        await xenstore.write(`${back}/state`, '6');
      }
    })();
    const began = sim.dom0.clock.nowMs();
    must2(await sim.run(runPlan(planDestroy(domid(1)), newDestroyState(host), host.clock)));
    expect(seen.slice(0, 2)).toEqual(['5', '0']);
    // Not until it is taken for stuck.
    expect(sim.dom0.clock.nowMs() - began).toBeLessThan(1000);
    expect(must(await sim.run(xenstore.exists(back)))).toBe(false);
    await sim.run(watch.return());
  });
});
