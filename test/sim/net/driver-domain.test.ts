/** A guest whose network a driver domain serves, whose own network dom0 serves. */

import { expect, it } from 'vitest';
import { COPIES_MAX, WAITING_PAGES } from '../../../drivers/netback/core/limits.ts';
import { createRoom } from '../../../drivers/netback/core/vif.ts';
import { serveVifs } from '../../../drivers/netback/service.ts';
import { openUplinks } from '../../../drivers/netfront/uplinks.ts';
import { NETTXF_csum_blank, XEN_NETIF_GSO_TYPE_TCPV4 } from '../../../shared/abi/netif.ts';
import { keptJournals } from '../../../shared/backend/kept-journals.ts';
import { prng } from '../../../shared/core/prng.ts';
import { must } from '../../../shared/core/result.ts';
import { offloaded } from '../../net/frames.ts';
import { createBackProcess } from '../blk/back-process.ts';
import type { Guest } from '../xenstored-host.ts';
import { open as openBack, pass, type Scene as Upstream } from './device-scene.ts';
import { digest, randomBytes, someFrame, tcp4 } from './frames.ts';
import { createFront, type Front, firstQueue } from './front.ts';
import { gsoExtra, offer, publishSent, send, takeAnswers } from './guest.ts';
import { plain } from './memory-link.ts';
import { takeReceived } from './received.ts';

interface Scene {
  /** dom0's back end; its guest is the driver domain. */
  readonly upstream: Upstream;
  readonly guest: Guest;
  readonly front: Front;
  readonly back: string;
  readonly log: string[];
  driverDies(): void;
}

/** As main.stubdom.ts puts it together. */
function startDriver({ host, guest: driver }: Upstream, log: string[]) {
  const platform = host.sim.platform(driver.domid);
  const { memory } = platform;
  const process = createBackProcess(platform, host.stream);
  const { session, events, grants, clock } = process;
  const parts = { session, events, grants, log: (line: string) => void log.push(line) };
  const uplinks = openUplinks({ ...parts, domid: driver.domid });
  serveVifs({
    ...{ ...parts, clock, self: driver.domid, queuesMax: 1, hasScripts: false },
    soon: (run) => void clock.after(0, run),
    uniqueId: () => 0n,
    isGone: () => false,
    isOurs: async () => true,
    room: createRoom({
      ...{ batch: must(grants.batch(COPIES_MAX)), events },
      pages: (count) => must(memory.pages(count)),
    }),
    waitingMemory: () => must(memory.pages(WAITING_PAGES)),
    freeMemory: memory.unmap,
    openLink: uplinks.take,
    closeLink: uplinks.giveBack,
    ...keptJournals({ ...parts, memory }),
  });
  return process;
}

/** A guest of the driver domain's, and the nodes that a toolstack makes for it. */
async function addGuest({ host, guest: driver }: Upstream) {
  const guest = await host.addGuest();
  const back = `/local/domain/${driver.domid}/backend/vif/${guest.domid}/0`;
  const path = `/local/domain/${guest.domid}/device/vif/0`;
  const nodes = {
    [`${path}/state`]: 1,
    [`${back}/frontend`]: path,
    [`${back}/frontend-id`]: guest.domid,
    [`${back}/online`]: 1,
    [`${back}/hotplug-status`]: '',
    [`${back}/state`]: 1,
  };
  const shared = { permissions: [{ domid: guest.domid, access: 'n' as const }] };
  const list = Object.entries(nodes).map(([node, value]) => ({
    ...{ path: node, value: String(value) },
    ...(node.startsWith(path) && shared),
  }));
  const homes = [{ path, value: '', ...shared }, ...list];
  must(await host.sim.run(host.tools.writeAll(homes)));
  const platform = host.sim.platform(guest.domid);
  const front = createFront(platform, guest.client(), path, { isSplit: true }, driver.domid);
  return { guest, front, back };
}

async function open(seed: number): Promise<Scene> {
  const upstream = await openBack(seed);
  const { host, guest: driver, back: above } = upstream;
  const path = `/local/domain/${driver.domid}/device/vif/0`;
  const nodes = { backend: above, 'backend-id': '0', mac: '00:16:3e:00:00:01' };
  const list = Object.entries(nodes).map(([name, value]) => ({ path: `${path}/${name}`, value }));
  must(await host.sim.run(host.tools.writeAll(list)));
  const log: string[] = [];
  const added = await addGuest(upstream);
  let running = startDriver(upstream, log);
  const driverDies = (): void => {
    running.kill();
    running = startDriver(upstream, log);
  };
  return { upstream, ...added, log, driverDies };
}

async function untilBack({ upstream, log }: Scene, back: string, state: string): Promise<void> {
  const { host } = upstream;
  for (let tries = 0; ; tries++) {
    const said = must(await host.sim.run(host.tools.readString(`${back}/state`)));
    if (said === state) return;
    if (tries === 1000) throw new Error(`not ${state} but ${said}:\n${log.join('\n')}`);
    await pass(upstream, 10);
  }
}

async function connected(scene: Scene): Promise<void> {
  await untilBack(scene, scene.back, '2');
  await scene.upstream.host.sim.run(scene.front.offer(4));
  await untilBack(scene, scene.back, '4');
}

/** Until frames sent come out at dom0's, and those that come in there at the guest: only once. */
async function passes({ front, upstream, log }: Scene, seed: number): Promise<void> {
  const random = prng(seed);
  const { link } = upstream;
  const queue = firstQueue(front);
  const [out, back] = [someFrame(random, 1500), someFrame(random, 6000)];
  const [came, got] = [new Set<string>(), new Set<string>()];
  const want = [digest(plain(out)) as string, digest(back) as string] as const;
  for (let tries = 0; !came.has(want[0]) || !got.has(want[1]); tries++) {
    if (tries === 2000) throw new Error(`nothing passes:\n${log.join('\n')}`);
    // What is on its way when somebody dies is lost, as on a wire.
    if (tries % 50 === 0) {
      offer(front.guest, queue, 64);
      if (!came.has(want[0])) send(front.guest, queue, out);
      publishSent(queue);
      front.kick();
      if (!got.has(want[1])) link.receive(plain(back));
    }
    await pass(upstream, 5);
    takeAnswers(front.guest, queue);
    for (const each of takeReceived(front.guest, queue)) got.add(digest(each?.frame) as string);
    for (const each of link.sent.splice(0)) came.add(digest(each) as string);
  }
  expect(came).toEqual(new Set([want[0]]));
}

it('passes frames both ways, large ones whole', async () => {
  const scene = await open(1);
  await connected(scene);
  for (let i = 0; i < 3; i++) await passes(scene, i);
  const { front, upstream } = scene;
  const queue = firstQueue(front);
  const frame = tcp4(randomBytes(prng(9), 60_000), 'blank');
  const large = offloaded([...frame], { csum: [34, 16], gso: [1, 1448], headers: 54 });
  const extras = [gsoExtra(XEN_NETIF_GSO_TYPE_TCPV4, 1448)];
  offer(front.guest, queue, 256);
  send(front.guest, queue, frame, { flags: NETTXF_csum_blank, extras });
  publishSent(queue);
  front.kick();
  upstream.link.receive(large);
  await pass(upstream, 100);
  takeAnswers(front.guest, queue);
  const [got] = takeReceived(front.guest, queue);
  expect([got?.gso, digest(got?.frame)]).toEqual([{ type: 1, size: 1448 }, digest(frame)]);
  expect(upstream.link.sent.map(digest)).toEqual([digest(large)]);
});

it.each(['the driver domain', 'dom0’s back end'])('goes on when %s dies', async (who) => {
  for (let seed = 10; seed < 13; seed++) {
    const scene = await open(seed);
    await connected(scene);
    for (let round = 1; round <= 4; round++) {
      await passes(scene, round);
      if (who === 'the driver domain') scene.driverDies();
      else scene.upstream.die();
      await passes(scene, 100 + round);
      await untilBack(scene, scene.back, '4');
    }
    expect(scene.upstream.states.slice(0, 3)).toEqual(['1', '2', '4']);
  }
});

it('a second guest waits until the first has gone, and is told', async () => {
  const scene = await open(20);
  await connected(scene);
  const { upstream } = scene;
  const { host, guest: driver } = upstream;
  const second = await addGuest(upstream);
  const errors = `/local/domain/${driver.domid}/error/backend/vif/${second.guest.domid}/0/error`;
  await pass(upstream, 1000);
  const said = must(await host.sim.run(host.tools.readString(errors)));
  expect(said).toContain('each vif of this domain has a guest already');
  const state = async () => must(await host.sim.run(host.tools.readString(`${second.back}/state`)));
  expect(await state()).toBe('1');
  await host.sim.run(scene.front.setState(6));
  await host.sim.run(host.tools.rm(scene.back));
  const next = { ...scene, ...second };
  await connected(next);
  await passes(next, 3);
});
