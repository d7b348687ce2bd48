/** The keeper on the simulated host: journals of driver domains, and a program that ends. */

import { describe, expect, it } from 'vitest';
import { DOM0, domid } from '../../shared/core/ids.ts';
import { must } from '../../shared/core/result.ts';
import { parseJournal } from '../../shared/xenbus/journal-grants.ts';
import { addDevice, open, openDriver, type Scene } from './keeper-scene.ts';

const journalOf = async ({ host: { sim, tools } }: Scene, path: string) => {
  const text = await sim.run(tools.readString(`${path}/journal`));
  return text.ok ? parseJournal(text.value) : undefined;
};

describe('journals', () => {
  it('are granted to a driver domain for each of its devices, and end with them', async () => {
    const { scene, driver } = await openDriver();
    const { sim, tools } = scene.host;
    const path = await addDevice(scene, driver.domid, 9);
    const refs = await journalOf(scene, path);
    expect(refs).toHaveLength(8);
    const { grants } = sim.platform(driver.domid);
    const mapped = must(grants.map(DOM0, refs ?? [], 'rw'));
    mapped.words[5] = 77;
    grants.unmap(mapped);
    const again = must(grants.map(DOM0, refs ?? [], 'rw'));
    expect(again.words[5]).toBe(77);
    grants.unmap(again);
    must(await sim.run(tools.rm(`/local/domain/${driver.domid}/backend`)));
    await sim.advance(20);
    expect(grants.map(DOM0, refs ?? [], 'rw')).toMatchObject({ ok: false });
  });

  it('come with nodes that are dom0’s, whoever made them', async () => {
    const { scene, driver } = await openDriver();
    const { sim, tools } = scene.host;
    const { domid: self } = driver;
    // As xl makes them.
    const top = `/local/domain/${self}/backend/vbd/9`;
    const permissions = [
      { domid: self, access: 'n' as const },
      { domid: domid(9), access: 'r' as const },
    ];
    const paths = [top, `${top}/51712`, `${top}/51712/frontend`, `${top}/51712/state`];
    must(await sim.run(tools.writeAll(paths.map((path) => ({ path, value: '1', permissions })))));
    await sim.advance(50);
    const client = driver.client();
    must(await sim.run(client.write(`${top}/51712/sectors`, '2048')));
    must(await sim.run(client.write(`${top}/51712/state`, '2')));
    await sim.advance(50);
    for (const path of [`${top}/51712`, `${top}/51712/state`, `${top}/51712/sectors`]) {
      expect(must(await sim.run(tools.getPerms(path))), path).toEqual([
        { domid: 0, access: 'n' },
        { domid: self, access: 'b' },
        { domid: 9, access: 'r' },
      ]);
    }
    must(await sim.run(client.write(`${top}/51712/state`, '4')));
  });

  it('outlive a store that does not answer', async () => {
    const { scene, driver } = await openDriver();
    const { sim } = scene.host;
    const { domid: self } = driver;
    const path = await addDevice(scene, self, 9);
    const refs = await journalOf(scene, path);
    scene.store.answers = false;
    await scene.host.addGuest();
    await sim.advance(20);
    scene.store.answers = true;
    expect(await journalOf(scene, path)).toEqual(refs);
    expect(await journalOf(scene, await addDevice(scene, self, 10))).toHaveLength(8);
  });

  it('are nobody’s who is no driver domain', async () => {
    const scene = await open();
    const other = await scene.host.addGuest();
    await scene.host.sim.advance(20);
    expect(await journalOf(scene, await addDevice(scene, other.domid, 9))).toBe(undefined);
    expect(await journalOf(scene, await addDevice(scene, 0, 9))).toBe(undefined);
  });

  it('of a keeper that is gone are granted anew, and it says what that means', async () => {
    const scene = await open();
    const { sim, tools } = scene.host;
    const driver = await scene.host.addGuest();
    must(await sim.run(tools.mkdir(`/local/domain/${driver.domid}/libxl`)));
    await scene.host.addGuest();
    await sim.advance(20);
    const path = await addDevice(scene, driver.domid, 9);
    const before = await journalOf(scene, path);
    await sim.run(scene.keeper.close());
    scene.start();
    await sim.advance(20);
    expect(await journalOf(scene, path)).not.toEqual(before);
    expect(scene.log).toEqual([
      expect.stringContaining(`${path}: its journal went with a keeper: the end`),
    ]);
  });
});

describe('the block backend of dom0', () => {
  it('is started with the first device, and again whenever it ends', async () => {
    const scene = await open();
    const { blkback, log, host } = scene;
    await host.sim.advance(1000);
    expect(blkback.starts).toBe(0);
    await addDevice(scene, 0, 9);
    expect(blkback.starts).toBe(1);
    await addDevice(scene, 0, 10);
    expect(blkback.starts).toBe(1);
    for (let i = 0; i < 4; i++) {
      blkback.end('SIGKILL');
      await host.sim.advance(1000);
    }
    expect(blkback.starts).toBe(5);
    expect(log.slice(0, 2)).toEqual([
      'blkback: ended (SIGKILL), is started again at once',
      'blkback: ended (SIGKILL), is started again in 0.1 s',
    ]);
  });

  it('that somebody else has started is outlasted', async () => {
    const scene = await open();
    const { blkback, host } = scene;
    blkback.other = true;
    await addDevice(scene, 0, 9);
    await host.sim.advance(5000);
    expect(blkback.starts).toBe(0);
    blkback.other = false;
    await host.sim.advance(200);
    expect(blkback.starts).toBe(1);
  });

  it('is started no more once the keeper has closed', async () => {
    const scene = await open();
    const { blkback, host, keeper } = scene;
    await addDevice(scene, 0, 9);
    await host.sim.run(keeper.close());
    blkback.end('SIGTERM');
    await host.sim.advance(5000);
    expect(blkback.starts).toBe(1);
  });
});

describe('devices of the kernel', () => {
  it('get their drivers from the keeper, and ours get none', async () => {
    const scene = await open();
    const { host, bus, keeper, log } = scene;
    const { sim, tools } = host;
    expect(bus.autoprobe).toBe(false);
    const names = ['vbd-9-51712', 'vbd-9-51728', 'vif-9-0', 'vscsi-9-0'];
    for (const name of [...names, 'vif-9-2']) bus.states.set(name, 'free');
    const add = async (path: string, script: string, server?: string) => {
      const top = `/local/domain/0/backend/${path}`;
      const nodes = [
        { path: `${top}/frontend`, value: '/some/where' },
        { path: `${top}/script`, value: script },
        ...(server === undefined ? [] : [{ path: `${top}/xtl-server`, value: server }]),
      ];
      must(await sim.run(tools.writeAll(nodes)));
    };
    await add('vbd/9/51712', '/etc/xen/scripts/block-xtl');
    await add('vbd/9/51728', '/etc/xen/scripts/block');
    await add('vif/9/0', '/etc/xen/scripts/vif-bridge');
    await add('vif/9/2', '/etc/xen/scripts/vif-bridge', 'xtl');
    await add('vscsi/9/0', '');
    // One that the kernel sees later than we do.
    await add('vif/9/1', '');
    await sim.advance(500);
    bus.states.set('vif-9-1', 'free');
    await sim.advance(500);
    expect(['vbd-9-51712', ...names.slice(1), 'vif-9-1'].map((name) => bus.stateOf(name))).toEqual([
      ...['free', 'bound', 'bound', 'free', 'bound'],
    ]);
    const ours = ['vbd-9-51712', 'vif-9-2'];
    expect(bus.probed.filter((name) => ours.includes(name))).toEqual([]);
    await sim.advance(20_000);
    expect(log).toContain('vscsi-9-0: no driver of the kernel has taken it');
    const tries = bus.probed.length;
    await sim.advance(20_000);
    expect(bus.probed.length).toBe(tries);
    await sim.run(keeper.close());
    expect(bus.autoprobe).toBe(true);
  });
});
