/** Two domains of a simulated host that have a vchan, each end a process that may die. */

import type { Domid } from '../../../shared/core/ids.ts';
import { DOM0 } from '../../../shared/core/ids.ts';
import { must, ok, type Result } from '../../../shared/core/result.ts';
import type { Platform } from '../../../shared/platform/platform.ts';
import { openVchanClient } from '../../../shared/vchan/client.ts';
import type { VchanStore } from '../../../shared/vchan/keys.ts';
import { openVchanServer, type ServedVchan } from '../../../shared/vchan/server.ts';
import type { Vchan } from '../../../shared/vchan/vchan.ts';
import { openXenstoreSession, type XenstoreSession } from '../../../shared/xenstore/session.ts';
import { createProcess } from '../blk/process.ts';
import { createSimXenstored, type SimXenstored } from '../xenstored-host.ts';

export interface Side {
  readonly domid: Domid;
  readonly platform: Platform;
  readonly store: XenstoreSession;
}

export interface Scene extends SimXenstored {
  readonly path: string;
  readonly server: Side;
  readonly client: Side;
  /** What is there now and was not before there was a vchan. */
  leaks(): readonly string[];
  /** A process of that side: its ports and mappings end with it. */
  process(side: Side): Mortal;
  serve(sizes?: { readMin?: number; writeMin?: number }, on?: Ports): Promise<Result<ServedVchan>>;
  join(timeoutMs?: number, on?: Ports): Promise<Result<Vchan>>;
}

/** What a process has: it does nothing any more once it was killed, and gets no answers. */
export interface Mortal extends Pick<Platform, 'events' | 'grants'> {
  readonly store: VchanStore;
  kill(): void;
}

function mortal({ platform, store }: Side): Mortal {
  const process = createProcess(platform);
  const living = async <T>(answer: Promise<T>): Promise<T> => {
    const value = await answer;
    return process.isAlive() ? value : new Promise<never>(() => {});
  };
  return {
    ...process,
    store: {
      readString: (path) => living(store.readString(path)),
      transaction: (body, options) => living(store.transaction((tx) => living(body(tx)), options)),
      watch: (path) => {
        const watch = store.watch(path);
        const own = { ...watch, next: () => living(watch.next()) };
        return { ...own, [Symbol.asyncIterator]: () => own };
      },
    },
  };
}

type Ports = Omit<Mortal, 'kill'>;

const portsOf = ({ platform: { events, grants }, store }: Side): Ports => ({
  ...{ events, grants, store },
});

/** dom0 serves a guest, or a guest dom0. */
export async function createScene(serves: 'dom0' | 'guest', seed = 1): Promise<Scene> {
  const host = createSimXenstored({ seed });
  const { sim, tools } = host;
  const guest = await host.addGuest();
  const { clock } = sim.dom0;
  const session = (connect: () => ReturnType<typeof guest.stream>): XenstoreSession =>
    openXenstoreSession({ clock, deadlineMs: 5000, connect: async () => ok(connect()) });
  const dom0: Side = { domid: DOM0, platform: sim.dom0, store: session(host.stream) };
  const other: Side = {
    domid: guest.domid,
    platform: sim.platform(guest.domid),
    store: session(guest.stream),
  };
  const [server, client] = serves === 'dom0' ? [dom0, other] : [other, dom0];
  const home = (side: Side): string => `/local/domain/${side.domid}`;
  for (const side of [dom0, other]) {
    must(await sim.run(tools.write(`${home(side)}/domid`, String(side.domid))));
    const permissions = [{ domid: side.domid, access: 'n' as const }];
    const nodes = ['data', 'data/vchan'].map((name) => ({
      ...{ path: `${home(side)}/${name}`, value: '', permissions },
    }));
    must(await sim.run(tools.writeAll(nodes)));
    must(await sim.run(side.store.readString(`${home(side)}/data`)));
  }
  const path = `${home(server)}/data/vchan/${client.domid}/512`;
  const sides = { path, server, client };
  // A grant table grows, and never shrinks.
  const { grants } = other.platform;
  grants.revoke(must(grants.offer(DOM0, 600, 'rw')));
  const before = sim.baseline();
  return {
    ...host,
    ...sides,
    leaks: () => sim.leaks(before),
    process: mortal,
    serve: (sizes = {}, on = portsOf(server)) =>
      openVchanServer({
        ...{ events: on.events, grants: on.grants, store: on.store, path },
        ...{ client: client.domid, readMin: 0, writeMin: 0, ...sizes },
      }),
    join: (timeoutMs = 1000, on = portsOf(client)) =>
      openVchanClient({
        ...{ events: on.events, grants: on.grants, store: on.store, path },
        ...{ clock: client.platform.clock, server: server.domid, timeoutMs },
      }),
  };
}

/** Both ends of a vchan that the client has joined. */
export async function joined(
  scene: Scene,
  sizes = {},
): Promise<{ ours: ServedVchan; theirs: Vchan }> {
  const ours = must(await scene.sim.run(scene.serve(sizes)));
  const theirs = must(await scene.sim.run(scene.join()));
  await scene.sim.run(ours.joined);
  return { ours, theirs };
}
