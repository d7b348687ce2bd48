/** The whole store as lines, to compare before and after. */

import { must } from '../../shared/core/result.ts';
import type { XenstoreClient } from '../../shared/xenstore/client.ts';
import type { Machine } from '../../toolstack-cli/testing/sim-host.ts';

async function walk(store: XenstoreClient, path: string): Promise<string[]> {
  const value = must(await store.readString(path || '/'));
  const perms = must(await store.getPerms(path || '/'));
  const names = must(await store.directory(path || '/'));
  const below = await Promise.all(names.toSorted().map((name) => walk(store, `${path}/${name}`)));
  const list = perms.map(({ access, domid: id }) => `${access}${id}`).join(',');
  return [`${path} = "${value}" (${list})`, ...below.flat()];
}

/** Every node with its value and permissions. */
export function storeTree(
  { sim, xenstore }: Pick<Machine, 'sim' | 'xenstore'>,
  store: XenstoreClient = xenstore,
): Promise<string[]> {
  return sim.run(walk(store, ''));
}
