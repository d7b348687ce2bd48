/** Devices of driver domains that are taken away: the keeper removes them. */

import { describe, expect, it } from 'vitest';
import { must } from '../../shared/core/result.ts';
import { addDevice, openDriver, type Scene } from './keeper-scene.ts';

describe('a driver domain’s device', () => {
  const end = async ({ host: { sim, tools } }: Scene, path: string, online: string) => {
    must(await sim.run(tools.write(`${path}/online`, online)));
    must(await sim.run(tools.write(`${path}/state`, '6')));
    await sim.advance(50);
  };
  const withDriver = async () => {
    const { scene, driver } = await openDriver();
    const { sim, tools } = scene.host;
    const exists = async (path: string) => must(await sim.run(tools.exists(path)));
    return { scene, self: driver.domid, exists };
  };

  it('is removed once it is closed for good, and with the last one its directory', async () => {
    const { scene, self, exists } = await withDriver();
    const path = await addDevice(scene, self, 9);
    const other = await addDevice(scene, self, 10);
    await end(scene, path, '0');
    expect(await exists(path)).toBe(false);
    expect(await exists(`/local/domain/${self}/backend/vbd/9`)).toBe(false);
    expect(await exists(other)).toBe(true);
  });

  it('stays where it is to come again, and its neighbour does', async () => {
    const { scene, self, exists } = await withDriver();
    const path = await addDevice(scene, self, 9);
    await end(scene, path, '1');
    expect(await exists(path)).toBe(true);
    const neighbour = `/local/domain/${self}/backend/vbd/9/51728`;
    const { sim, tools } = scene.host;
    must(await sim.run(tools.write(`${neighbour}/frontend`, '/some/where')));
    await end(scene, neighbour, '0');
    expect(await exists(neighbour)).toBe(false);
    expect(await exists(path)).toBe(true);
  });
});
