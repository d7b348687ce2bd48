/** All nodes of a store, read and written back: what outlives the daemon that held them. */

import { DOM0 } from '../core/ids.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { XenstoreClient } from './client.ts';
import type { NodeToWrite } from './nodes.ts';

/** Nodes whose requests are under way at once. */
const BATCH = 1000;

/** More nodes than any host has. */
const NODES_MAX = 1_000_000;

async function inBatches<T, R>(
  all: readonly T[],
  act: (one: T) => Promise<Result<R>>,
): Promise<Result<R[]>> {
  const values: R[] = [];
  for (let at = 0; at < all.length; at += BATCH) {
    for (const result of await Promise.all(all.slice(at, at + BATCH).map(act))) {
      if (!result.ok) return result;
      values.push(result.value);
    }
  }
  return ok(values);
}

type Node = Required<NodeToWrite>;

/** A node and its children's paths; undefined if it went away meanwhile. */
async function look(store: XenstoreClient, path: string) {
  const [value, permissions, names] = await Promise.all([
    store.read(path),
    store.getPerms(path),
    store.directory(path),
  ]);
  for (const result of [value, permissions, names]) {
    if (!result.ok && result.error.errno !== 'ENOENT') return result;
  }
  if (!value.ok || !permissions.ok || !names.ok) return ok(undefined);
  const top = path === '/' ? '' : path;
  const node: Node = { path, value: value.value, permissions: permissions.value };
  return ok({ node, below: names.value.map((name) => `${top}/${name}`) });
}

/** All nodes, parents first. */
export async function readTree(store: XenstoreClient): Promise<Result<readonly Node[]>> {
  const nodes: Node[] = [];
  for (let level = ['/']; level.length > 0; ) {
    const found = await inBatches(level, (path) => look(store, path));
    if (!found.ok) return found;
    const there = found.value.filter((each) => each !== undefined);
    for (const { node } of there) nodes.push(node);
    level = there.flatMap(({ below }) => below);
    if (nodes.length + level.length > NODES_MAX) {
      return fail('E2BIG', `the store has more than ${NODES_MAX} nodes`);
    }
  }
  return ok(nodes);
}

/** What a node is that belonged to a domain that is gone: dom0's, and as open as it was. */
const toDom0 = ([owner, ...others]: Node['permissions']): Node['permissions'] =>
  owner === undefined ? [] : [{ ...owner, domid: DOM0 }, ...others];

/** Writes nodes of a tree; a domain that is gone owns nothing any more. */
export async function writeTree(
  store: XenstoreClient,
  nodes: readonly Node[],
): Promise<Result<void>> {
  const written = await inBatches(nodes, async ({ path, value, permissions }) => {
    const [done, set] = await Promise.all([
      store.write(path, value),
      store.setPerms(path, permissions),
    ]);
    if (!done.ok || set.ok || set.error.errno !== 'ENOENT') return done.ok ? set : done;
    return store.setPerms(path, toDom0(permissions));
  });
  return written.ok ? ok() : written;
}
