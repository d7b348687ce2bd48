/** Driver domains on the simulator: they come again under their numbers, whatever ended them. */

import { describe, expect, it } from 'vitest';
import { lifecycleService } from '../../services/lifecycle/service.ts';
import { domid } from '../../shared/core/ids.ts';
import { must } from '../../shared/core/result.ts';
import type { Machine } from '../../toolstack-cli/testing/sim-host.ts';
import { machine, names } from './lifecycle-scene.ts';

it('a driver domain comes back under its number, and lets what it serves stay', async () => {
  const { machine: made, host, log } = await machine('driver_domain=1');
  const { sim, xenstore } = made;
  const back = '/local/domain/1/backend/vbd/7/51712/state';
  must(await sim.run(xenstore.write(back, '4')));
  void lifecycleService(host);
  for (let death = 0; death < 3; death++) {
    await sim.advance(100);
    const seen: boolean[] = [];
    const watch = must(await sim.run(xenstore.watch(back)));
    void (async () => {
      for await (const _ of watch) seen.push((await xenstore.exists(back)).ok);
    })();
    sim.domain(domid(1)).shutdown('crash');
    await sim.advance(500);
    expect(await names(made), log.join('\n')).toEqual(['1 web1']);
    // Watched from before to after: it was never away.
    expect(seen).not.toContain(false);
    await sim.run(watch.return());
    expect(must(sim.dom0.domainControl.getInfo(domid(1))).paused).toBe(false);
    expect(must(await sim.run(xenstore.readString(back)))).toBe('4');
  }
  sim.domain(domid(1)).shutdown('poweroff');
  await sim.advance(500);
  expect(await names(made)).toEqual([]);
  expect(must(await sim.run(xenstore.exists('/local/domain/1')))).toBe(false);
});

describe('a driver domain that is gone without a word', () => {
  /** A guest that it serves, as xl makes one. */
  const BACK = '/local/domain/1/backend/vbd/7/51712';
  const KEPT = '/libxl/7/device/vbd/51712';
  const nodes = { frontend: '/local/domain/7/device/vbd/51712', params: 'xvda', online: '1' };
  const served = async ({ sim, xenstore }: Machine, front: string) => {
    const all = { ...nodes, 'frontend-id': '7', mode: 'w' };
    const list = [
      ...Object.entries(all).flatMap(([name, value]) =>
        [BACK, KEPT].map((path) => ({ path: `${path}/${name}`, value })),
      ),
      { path: `${KEPT}/backend`, value: BACK },
      { path: `${KEPT}/state`, value: '1' },
      { path: `${BACK}/state`, value: '4' },
      { path: `${nodes.frontend}/state`, value: front },
    ];
    must(await sim.run(xenstore.writeAll(list)));
  };
  /** As xl destroy does (libxl__destroy_domid in libxl_domain.c @ RELEASE-4.17.0). */
  const endByXl = async ({ sim, xenstore }: Machine) => {
    const vm = must(await sim.run(xenstore.readString('/local/domain/1/vm')));
    for (const path of [vm, '/local/domain/1', '/libxl/1']) must(await sim.run(xenstore.rm(path)));
    must(sim.dom0.domainControl.destroyDomain(domid(1)));
  };

  it.each([
    ['4', '4'],
    ['3', '4'],
    ['1', '1'],
    ['6', '6'],
  ])('comes again with all that it served; a frontend at %s is met at %s', async (front, state) => {
    const { machine: made, host, log } = await machine('driver_domain=1');
    const { sim, xenstore } = made;
    await served(made, front);
    void lifecycleService(host);
    for (let death = 0; death < 3; death++) {
      await sim.advance(100);
      await endByXl(made);
      await sim.advance(1000);
      expect(await names(made), log.join('\n')).toEqual(['1 web1']);
      for (const [name, value] of Object.entries({ ...nodes, state })) {
        expect(must(await sim.run(xenstore.readString(`${BACK}/${name}`)))).toBe(value);
        expect(must(await sim.run(xenstore.getPerms(`${BACK}/${name}`)))).toEqual([
          { domid: 0, access: 'n' },
          { domid: 1, access: 'b' },
          { domid: 7, access: 'r' },
        ]);
      }
      expect(must(await sim.run(xenstore.exists(`${BACK}/backend`)))).toBe(false);
      expect(must(await sim.run(xenstore.exists('/local/domain/1/libxl')))).toBe(true);
    }
    expect(log.filter((line) => line.includes('without a word'))).toHaveLength(3);
  });

  it('that nobody took from the store comes again, too, with its nodes as they are', async () => {
    const { machine: made, host } = await machine('driver_domain=1');
    await served(made, '4');
    must(await made.sim.run(made.xenstore.write(`${BACK}/sectors`, '77')));
    void lifecycleService(host);
    await made.sim.advance(100);
    must(made.sim.dom0.domainControl.destroyDomain(domid(1)));
    await made.sim.advance(1000);
    expect(await names(made)).toEqual(['1 web1']);
    expect(must(await made.sim.run(made.xenstore.readString(`${BACK}/sectors`)))).toBe('77');
  });

  it('comes again by a service that was not there when it went', async () => {
    const { machine: made, host } = await machine('driver_domain=1');
    await endByXl(made);
    await made.sim.advance(1000);
    expect(await names(made)).toEqual([]);
    void lifecycleService(host);
    await made.sim.advance(1000);
    expect(await names(made)).toEqual(['1 web1']);
  });

  it.each(['vm destroy web1 -q', 'vm destroy web1 -q --force'])(
    'does not come again after xtl %s',
    async (line) => {
      const { machine: made, host, log } = await machine('driver_domain=1');
      const service = lifecycleService(host);
      await made.sim.advance(100);
      expect(await made.xtl(line)).toMatchObject({ exit: 0 });
      await made.sim.advance(10_000);
      expect(await names(made)).toEqual([]);
      expect(await made.sim.run(service)).toEqual({ ok: true });
      expect(log).toEqual([]);
    },
  );

  it('that was left to be looked at does not', async () => {
    const { machine: made, host } = await machine('driver_domain=1 on_crash="preserve"');
    void lifecycleService(host);
    await made.sim.advance(100);
    made.sim.domain(domid(1)).shutdown('crash');
    await made.sim.advance(1000);
    await endByXl(made);
    await made.sim.advance(5000);
    expect(await names(made)).toEqual([]);
  });

  it('and cannot be had back is given up, and not tried for ever', async () => {
    const { machine: made, host, log } = await machine('driver_domain=1');
    const service = lifecycleService(host);
    await made.sim.advance(100);
    made.sim.faults.fail('domainControl.createDomain', { times: 1000 });
    await endByXl(made);
    expect(await made.sim.run(service)).toEqual({ ok: true });
    expect(log.filter((line) => line.includes('given up'))).toHaveLength(1);
  });

  it('is no guest: that one stays away', async () => {
    const { machine: made, host } = await machine('on_crash="restart"');
    const service = lifecycleService(host);
    await made.sim.advance(100);
    await endByXl(made);
    expect(await made.sim.run(service)).toEqual({ ok: true });
    expect(await names(made)).toEqual([]);
  });
});
