/**
 * Linux's network back end in dom0, by its states alone (drivers/net/xen-netback/xenbus.c @ v6.12):
 * no frame is moved.
 */

import { must } from '../../shared/core/result.ts';
import { createXenstoreClient, type XenstoreClient } from '../../shared/xenstore/client.ts';
import type { Machine } from '../../toolstack-cli/testing/sim-host.ts';

export interface NetbackModel {
  /** It does nothing any more, or goes on. */
  isDead: boolean;
}

const TOP = '/local/domain/0/backend/vif';

/** What the back end's state is next, by the frontend's. */
function next(own: string, front: string | undefined, isConnected: boolean): string | undefined {
  if (front === undefined || front === '6') return '6';
  if (front === '1' && (own === '1' || own === '6')) return '2';
  if (front === '4' && own === '2') return isConnected ? '4' : undefined;
  return front === '5' && own !== '6' ? '5' : undefined;
}

async function text(client: XenstoreClient, path: string): Promise<string | undefined> {
  const read = await client.readString(path);
  return read.ok ? read.value : undefined;
}

/** One device, from its first state to its end. */
async function serve(client: XenstoreClient, model: NetbackModel, back: string): Promise<void> {
  const front = (await text(client, `${back}/frontend`)) ?? '';
  // A vif is there from its first state on: its netback reads these, and fails without them.
  for (const name of ['handle', 'script']) must(await client.readString(`${back}/${name}`));
  must(await client.writeAll([{ path: `${back}/feature-rx-copy`, value: '1' }]));
  const paths = [`${front}/state`, `${back}/hotplug-status`, `${back}/state`];
  const watches = await Promise.all(paths.map(async (path) => must(await client.watch(path))));
  let isOver = false;
  const look = async (): Promise<void> => {
    if (model.isDead || isOver) return;
    const own = await text(client, `${back}/state`);
    const other = await text(client, `${front}/state`);
    const isConnected = (await text(client, `${back}/hotplug-status`)) === 'connected';
    const state = own === undefined ? undefined : next(own, other, isConnected);
    if (state !== undefined && state !== own) await client.write(`${back}/state`, state);
    const isOnline = (await text(client, `${back}/online`)) === '1';
    if (own !== undefined && (state ?? own) !== '6') return;
    if (own !== undefined && isOnline && other !== undefined) return;
    isOver = true;
    if (own !== undefined) await client.rm(`${back}/hotplug-status`);
    for (const watch of watches) await watch.return();
  };
  await Promise.all(
    watches.map(async (watch) => {
      for await (const _ of watch) await look();
    }),
  );
}

export function modelNetback(machine: Machine): NetbackModel {
  const client = createXenstoreClient(machine.connectStore());
  const model: NetbackModel = { isDead: false };
  const served = new Set<string>();
  void (async () => {
    for await (const path of must(await client.watch(TOP))) {
      const [domid, devid] = path.slice(TOP.length + 1).split('/');
      const back = `${TOP}/${domid}/${devid}`;
      if (devid === undefined || served.has(back)) continue;
      if ((await text(client, `${back}/state`)) !== '1' || model.isDead) continue;
      served.add(back);
      void serve(client, model, back).finally(() => served.delete(back));
    }
  })();
  return model;
}
