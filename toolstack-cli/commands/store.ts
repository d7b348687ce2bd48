/** `xtl store`: nodes of xenstore, read and written as they are. */

import type { Result } from '../../shared/core/result.ts';
import { fail, ok } from '../../shared/core/result.ts';
import { fromUtf8, utf8 } from '../../shared/core/utf8.ts';
import type { XenstoreClient } from '../../shared/xenstore/client.ts';
import type { Nodes } from '../../shared/xenstore/nodes.ts';
import { type Permission, parsePermissions } from '../../shared/xenstore/permissions.ts';
import type { Context } from '../context.ts';
import { DONE, EXIT, failed, failure, type Outcome } from '../output/exit.ts';
import { printable } from '../output/style.ts';
import type { Options } from '../table.ts';

export async function withStore(
  context: Context,
  work: (store: XenstoreClient) => Promise<Outcome>,
): Promise<Outcome> {
  const store = await context.xenstore();
  return store.ok ? work(store.value) : failed(store.error);
}

export const under = (path: string, name: string): string =>
  path === '/' || path === '' ? `${path}${name}` : `${path}/${name}`;

export function storeRead(
  context: Context,
  paths: readonly string[],
  options: Options,
): Promise<Outcome> {
  return withStore(context, async (store) => {
    const { out } = context.terminal;
    for (const path of paths) {
      const value = await store.read(utf8(path));
      if (!value.ok) return failed(value.error);
      if (options.raw === true) out.write(value.value);
      else {
        const text = String.fromCharCode(...value.value);
        out.write(`${printable(fromUtf8(text))}\n`);
      }
    }
    return DONE;
  });
}

export function storeWrite(context: Context, words: readonly string[]): Promise<Outcome> {
  return withStore(context, async (store) => {
    if (words.length % 2 !== 0) {
      return failure(EXIT.usage, `no value for ${words.at(-1)}: give a path and a value, in turns`);
    }
    const nodes = words.flatMap((path, i) =>
      i % 2 === 0 ? [{ path: utf8(path), value: utf8(words[i + 1] as string) }] : [],
    );
    // Several nodes come to be at once, or none of them.
    const done = await store.transaction((tx) => tx.writeAll(nodes));
    return done.ok ? DONE : failed(done.error);
  });
}

export function storeRm(context: Context, paths: readonly string[]): Promise<Outcome> {
  return withStore(context, async (store) => {
    for (const path of paths) {
      const there = await store.exists(utf8(path));
      if (!there.ok) return failed(there.error);
      if (!there.value) return failure(EXIT.notFound, `there is no node ${path}`);
      const done = await store.rm(utf8(path));
      if (!done.ok) return failed(done.error);
    }
    return DONE;
  });
}

export function storeExists(context: Context, paths: readonly string[]): Promise<Outcome> {
  return withStore(context, async (store) => {
    for (const path of paths) {
      const there = await store.exists(utf8(path));
      if (!there.ok) return failed(there.error);
      if (!there.value) return { exit: EXIT.notFound };
    }
    return DONE;
  });
}

async function setAll(
  store: Nodes,
  top: string,
  permissions: readonly Permission[],
  deep: boolean,
): Promise<Result<void>> {
  const done = await store.setPerms(top, permissions);
  if (!done.ok || !deep) return done;
  const names = await store.directory(top);
  if (!names.ok) return names;
  for (const name of names.value) {
    const below = await setAll(store, under(top, name), permissions, deep);
    // A node that went away meanwhile needs no permissions.
    if (!below.ok && below.error.errno !== 'ENOENT') return below;
  }
  return ok();
}

export function storeChmod(
  context: Context,
  [path = '', ...words]: readonly string[],
  options: Options,
): Promise<Outcome> {
  return withStore(context, async (store) => {
    const permissions = parsePermissions(words);
    if (!permissions.ok) return failed(permissions.error, '', { EINVAL: EXIT.usage });
    const deep = options.recursive === true;
    const done = await store.transaction((tx) => setAll(tx, utf8(path), permissions.value, deep));
    if (done.ok) return DONE;
    // A store says the same of an owner that is not there; of others it asks nothing.
    const there = done.error.errno === 'ENOENT' ? await store.exists(utf8(path)) : ok(false);
    if (!there.ok || !there.value) return failed(done.error);
    const owner = permissions.value[0]?.domid;
    return failure(EXIT.notFound, `there is no domain ${owner} that could own ${path}`);
  });
}

/** A whole number above 0; undefined if the option was not given. */
export function readCount(option: string | boolean | undefined): Result<number | undefined> {
  if (typeof option !== 'string') return ok(undefined);
  const count = /^[0-9]{1,9}$/.test(option) ? Number(option) : 0;
  return count > 0 ? ok(count) : fail('EINVAL', `a count is a number from 1 on, not '${option}'`);
}
