/** The keeper and vifs of dom0: ours have a back end, and interfaces that are held. */

import { expect, it } from 'vitest';
import { must } from '../../shared/core/result.ts';
import { open, type Scene } from './keeper-scene.ts';

const VIF = '/local/domain/0/backend/vif/9/0';

async function add({ host }: Scene, path: string, server?: string): Promise<void> {
  const names = { frontend: '/some/where', state: '1', ...(server && { 'xtl-server': server }) };
  const nodes = Object.entries(names).map(([name, value]) => ({ path: `${path}/${name}`, value }));
  must(await host.sim.run(host.tools.transaction((tx) => tx.writeAll(nodes))));
  await host.sim.advance(20);
}

async function change({ host }: Scene, path: string, value: string): Promise<void> {
  must(await host.sim.run(host.tools.write(path, value)));
  await host.sim.advance(20);
}

it('their back end is started with the first of ours, and with none of the kernel’s', async () => {
  const scene = await open();
  const { netback, blkback } = scene;
  await add(scene, '/local/domain/0/backend/vif/9/1');
  expect(netback.starts).toBe(0);
  await add(scene, VIF, 'xtl');
  await add(scene, '/local/domain/0/backend/vif/10/0', 'xtl');
  expect([netback.starts, blkback.starts]).toEqual([1, 0]);
  netback.end('SIGKILL');
  await scene.host.sim.advance(20);
  expect(netback.starts).toBe(2);
});

it('an interface is held from when it is there to the end of its vif', async () => {
  const scene = await open();
  const { links, host, log } = scene;
  const { sim, tools } = host;
  await add(scene, '/local/domain/0/backend/vif/9/1');
  links.there.add('vif9.1');
  await change(scene, '/local/domain/0/backend/vif/9/1/state', '2');
  await add(scene, VIF, 'xtl');
  expect(links.held).toEqual([]);
  links.there.add('vif9.0');
  await change(scene, `${VIF}/state`, '2');
  await change(scene, `${VIF}/state`, '4');
  expect(links.held).toEqual(['vif9.0']);
  must(await sim.run(tools.rm(VIF)));
  await sim.advance(20);
  expect(links.held).toEqual([]);
  expect(log).toEqual([]);
});

it('and no longer than the directory that it was in', async () => {
  const scene = await open();
  const { links, host } = scene;
  links.there.add('vif9.0');
  await add(scene, VIF, 'xtl');
  expect(links.held).toEqual(['vif9.0']);
  must(await host.sim.run(host.tools.rm('/local/domain/0/backend/vif/9')));
  await host.sim.advance(20);
  expect(links.held).toEqual([]);
});

it('a keeper that starts later holds what there is', async () => {
  const scene = await open();
  const { links, host } = scene;
  links.there.add('vif9.0');
  await add(scene, VIF, 'xtl');
  await host.sim.run(scene.keeper.close());
  links.held.length = 0;
  scene.start();
  await host.sim.advance(50);
  expect(links.held).toEqual(['vif9.0']);
});
