/** A simulated host with Linux's netback, scripts that are played, and a guest's interfaces. */

import { domid } from '../../shared/core/ids.ts';
import { fail, must, ok, type Result } from '../../shared/core/result.ts';
import type { RunScript, ScriptRun } from '../../shared/platform/scripts.ts';
import { createXenstoreClient } from '../../shared/xenstore/client.ts';
import type { Host } from '../../toolstack-cli/host.ts';
import { type Machine, simMachine } from '../../toolstack-cli/testing/sim-host.ts';
import { modelNetback, type NetbackModel } from './netback-model.ts';

/** What a script does with what it is asked for. */
export type Plays =
  | { readonly kind: 'connects' }
  | { readonly kind: 'fails'; readonly error?: string }
  | { readonly kind: 'says nothing' }
  | { readonly kind: 'hangs' };

export interface GuestVifs {
  /** Numbers of those that it has. */
  readonly vifs: Set<number>;
  /** It does not let go of any. */
  isHolding: boolean;
  /** It does not look at new ones. */
  isBlind: boolean;
}

export interface VifHost extends Machine {
  readonly netback: NetbackModel;
  /** By the action or all: as it comes to its end. */
  readonly plays: { online: Plays; offline: Plays };
  /** Scripts that were run: path and arguments, and what they were told. */
  readonly ran: ScriptRun[];
  /** The same, as lines: `vif-bridge online vif1.0`. */
  readonly scripts: () => readonly string[];
  /** With a port for scripts. */
  openHost(): Host;
  /** The guest of domain `id` takes vifs that come. */
  plug(id: number): GuestVifs;
  node(path: string): Promise<string | undefined>;
  /** All nodes directly below one. */
  nodes(path: string): Promise<Readonly<Record<string, string>>>;
  sleep(ms: number): Promise<void>;
}

/** As Linux's netfront does it: to 4 at once, and to 6 when its back end is closing (@ v6.12). */
async function drive(machine: Machine, id: number, devid: number, guest: GuestVifs) {
  const client = createXenstoreClient(machine.connectStore());
  const front = `/local/domain/${id}/device/vif/${devid}`;
  const back = await client.readString(`${front}/backend`);
  // Gone again at once.
  if (!back.ok) return client.close();
  const watch = must(await client.watch(`${back.value}/state`));
  for await (const _ of watch) {
    const theirs = await client.readString(`${back.value}/state`);
    const own = await client.readString(`${front}/state`);
    const isClosing = !theirs.ok || theirs.value === '5' || theirs.value === '6';
    if (!own.ok || (isClosing && !guest.isHolding)) {
      guest.vifs.delete(devid);
      // A guest may not make what a toolstack has removed.
      await client.transaction(async (tx) => {
        const there = await tx.exists(`${front}/state`);
        return there.ok && there.value ? tx.write(`${front}/state`, '6') : ok();
      });
      break;
    }
    if (isClosing || theirs.value !== '2' || own.value !== '1' || guest.isBlind) continue;
    await client.write(`${front}/state`, '4');
    guest.vifs.add(devid);
  }
  await watch.return();
  client.close();
}

function plugVifs(machine: Machine, id: number): GuestVifs {
  const client = createXenstoreClient(machine.connectStore());
  const guest: GuestVifs = { vifs: new Set(), isHolding: false, isBlind: false };
  const driven = new Set<number>();
  const top = `/local/domain/${id}/device/vif`;
  void (async () => {
    for await (const _ of must(await client.watch(top))) {
      const names = await client.directory(top);
      for (const devid of names.ok ? names.value.map(Number) : []) {
        const there = await client.exists(`${top}/${devid}/backend`);
        if (driven.has(devid) || !there.ok || !there.value) continue;
        driven.add(devid);
        void drive(machine, id, devid, guest).finally(() => driven.delete(devid));
      }
    }
  })();
  return guest;
}

export async function vifHost(): Promise<VifHost> {
  const machine = await simMachine();
  const { sim, xenstore } = machine;
  for (const path of ['/vm', '/libxl']) must(await sim.run(xenstore.mkdir(path)));
  const ran: ScriptRun[] = [];
  const plays: VifHost['plays'] = { online: { kind: 'connects' }, offline: { kind: 'connects' } };
  const runScript: RunScript = async (script): Promise<Result<void>> => {
    ran.push(script);
    const { args, env, timeoutMs } = script;
    const action = args[0] === 'offline' ? 'offline' : 'online';
    const play = plays[action];
    // Paths of a store's client in dom0 may begin in its own directory.
    const own = `/local/domain/0/${env.XENBUS_PATH}`;
    await sim.dom0.clock.sleep(play.kind === 'hangs' ? timeoutMs : 20);
    if (play.kind === 'hangs') return fail('ETIMEDOUT', 'it has not ended after 40 s');
    if (play.kind === 'fails') {
      if (play.error !== undefined) {
        await xenstore.write(`${own}/hotplug-error`, play.error);
        await xenstore.write(`${own}/hotplug-status`, 'error');
      }
      return fail('EIO', 'ip: command not found (status 127)');
    }
    if (play.kind === 'connects' && action === 'online') {
      must(await xenstore.write(`${own}/hotplug-status`, 'connected'));
    }
    return ok();
  };
  const openHost = (): Host => ({ ...machine.openHost(), runScript });
  const node = async (path: string) => {
    const value = await sim.run(xenstore.readString(path));
    return value.ok ? value.value : undefined;
  };
  return {
    ...{ ...machine, netback: modelNetback(machine), plays, ran, openHost, node },
    xtl: (line, extra) => machine.xtl(line, { host: ok(openHost()), ...extra }),
    scripts: () =>
      ran.map(({ path, args, env }) => `${path.replace(/.*\//, '')} ${args[0]} ${env.vif}`),
    plug: (id) => plugVifs(machine, domid(id)),
    nodes: async (path) => {
      const names = must(await sim.run(xenstore.directory(path)));
      const values = await Promise.all(names.map((name) => node(`${path}/${name}`)));
      return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']));
    },
    sleep: (ms) => sim.run(sim.dom0.clock.sleep(ms)),
  };
}
