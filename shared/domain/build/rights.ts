/**
 * The rights of a driver domain that comes again: xenstored gives a domain none from before it was
 * there, though it has the number that they name (domain_adjust_node_perms in xenstored_domain.c @
 * RELEASE-4.17.0; from 4.22 on they are taken away with the domain's end).
 */

import { DOM0, type Domid } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import type { Permission } from '../../xenstore/permissions.ts';
import { type CreateStep, id } from './create-state.ts';
import { domainPath } from './nodes.ts';

/** No domain serves as much; a broken store cannot make us loop. */
const NODES_MAX = 1 << 16;

type Change = (permissions: readonly Permission[]) => readonly Permission[];

/** Gives the node and all below it other rights. What is gone meanwhile is no error. */
async function changeAll(store: Nodes, top: string, change: Change): Promise<Result<void>> {
  const waiting = [top];
  for (let i = 0; i < waiting.length && i < NODES_MAX; i++) {
    const path = waiting[i] as string;
    const permissions = await store.getPerms(path);
    const set = permissions.ok
      ? await store.setPerms(path, change(permissions.value))
      : permissions;
    const names = set.ok ? await store.directory(path) : set;
    if (names.ok) waiting.push(...names.value.map((name) => `${path}/${name}`));
    else if (names.error.errno !== 'ENOENT') return names;
  }
  return ok();
}

/** Without what the list says of a domain, whatever that was, and with this. */
const withAccess =
  (of: Domid, access: 'r' | 'b'): Change =>
  ([owner = { domid: DOM0, access: 'n' }, ...others]) => [
    owner,
    { domid: of, access },
    ...others.filter(({ domid }) => domid !== of),
  ];

async function names(store: Nodes, path: string): Promise<Result<readonly string[]>> {
  const found = await store.directory(path);
  if (found.ok) return found;
  return found.error.errno === 'ENOENT' ? ok([]) : found;
}

/** Its own directory, but for devices: it reads them as any guest reads what is its. */
async function giveDirectories(store: Nodes, self: Domid): Promise<Result<readonly string[]>> {
  const devices: string[] = [];
  const waiting = [`${domainPath(self)}/backend`];
  for (let depth = 0; depth < 3; depth++) {
    for (const path of waiting.splice(0)) {
      const permissions = await store.getPerms(path);
      if (!permissions.ok) {
        if (permissions.error.errno === 'ENOENT') continue;
        return permissions;
      }
      const set = await store.setPerms(path, withAccess(self, 'r')(permissions.value));
      if (!set.ok) return set;
      const below = await names(store, path);
      if (!below.ok) return below;
      const paths = below.value.map((name) => `${path}/${name}`);
      if (depth === 2) devices.push(...paths);
      else waiting.push(...paths);
    }
  }
  return ok(devices);
}

/** Where the frontend of a device is; what it says is dom0's word. */
async function frontOf(store: Nodes, device: string): Promise<Result<string | undefined>> {
  const front = await store.readString(`${device}/frontend`);
  if (!front.ok) return front.error.errno === 'ENOENT' ? ok(undefined) : front;
  const isFront = /^\/local\/domain\/[0-9]{1,5}\/device\/[a-z0-9]+\/[0-9]+$/.test(front.value);
  return ok(isFront ? front.value : undefined);
}

export function rightsStep(): CreateStep {
  return {
    id: 'rights',
    title: 'give it its rights to the devices that it serves',
    run: async (state) => {
      const { xenstore } = state.host;
      const self = id(state);
      const devices = await giveDirectories(xenstore, self);
      if (!devices.ok) return devices;
      for (const device of devices.value) {
        const own = await changeAll(xenstore, device, withAccess(self, 'b'));
        if (!own.ok) return own;
        const front = await frontOf(xenstore, device);
        if (!front.ok) return front;
        if (front.value === undefined) continue;
        const others = await changeAll(xenstore, front.value, withAccess(self, 'r'));
        if (!others.ok) return others;
      }
      return ok();
    },
  };
}
