/**
 * The watches of one node of the trie: a few in a list, many by who made them, so that all watches
 * of one who is not told are passed over in one step.
 */

import { WATCHERS_LIST_MAX } from './limits.ts';

export interface Owned {
  readonly connection: object;
}

interface Owners<W> {
  size: number;
  readonly sets: Map<object, Set<W>>;
}

/** Never empty. */
export type Watchers<W extends Owned> = W[] | Owners<W>;

function addTo<W extends Owned>(owners: Owners<W>, watch: W): void {
  const { connection } = watch;
  const set = owners.sets.get(connection);
  if (set === undefined) owners.sets.set(connection, new Set([watch]));
  else set.add(watch);
  owners.size++;
}

/** With one more, which comes after all others of its owner. */
export function withWatch<W extends Owned>(
  watchers: Watchers<W> | undefined,
  watch: W,
): Watchers<W> {
  if (watchers === undefined) return [watch];
  if (!Array.isArray(watchers)) addTo(watchers, watch);
  else if (watchers.length < WATCHERS_LIST_MAX) watchers.push(watch);
  else {
    const owners: Owners<W> = { size: 0, sets: new Map() };
    for (const each of watchers) addTo(owners, each);
    addTo(owners, watch);
    return owners;
  }
  return watchers;
}

/** Without one of them; undefined if none is left. */
export function withoutWatch<W extends Owned>(
  watchers: Watchers<W>,
  watch: W,
): Watchers<W> | undefined {
  if (Array.isArray(watchers)) {
    const at = watchers.indexOf(watch);
    if (at >= 0) watchers.splice(at, 1);
    return watchers.length === 0 ? undefined : watchers;
  }
  const { sets } = watchers;
  const set = sets.get(watch.connection);
  if (set?.delete(watch)) watchers.size--;
  if (set?.size === 0) sets.delete(watch.connection);
  return watchers.size === 0 ? undefined : watchers;
}

/** Calls `take` for the watches of those whom `wants` is for, each owner's in order. */
export function eachWatch<W extends Owned>(
  watchers: Watchers<W>,
  wants: (owner: W['connection']) => boolean,
  take: (watch: W) => void,
): void {
  if (!Array.isArray(watchers)) {
    for (const [owner, set] of watchers.sets) if (wants(owner)) set.forEach(take);
    return;
  }
  let asked: W['connection'] | undefined;
  let wanted = false;
  for (let i = 0; i < watchers.length; i++) {
    const watch = watchers[i] as W;
    if (watch.connection !== asked) {
      asked = watch.connection;
      wanted = wants(asked);
    }
    if (wanted) take(watch);
  }
}
