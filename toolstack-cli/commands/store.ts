/** `xtl store`: nodes of xenstore, read and written as they are. */

import type { Result } from '../../shared/core/result.ts';
import { fail, ok } from '../../shared/core/result.ts';
import { fromUtf8, utf8 } from '../../shared/domain/spec/utf8.ts';
import type { XenstoreClient } from '../../shared/xenstore/client.ts';
import type { Nodes } from '../../shared/xenstore/nodes.ts';
import {
  formatPermission,
  type Permission,
  parsePermissions,
} from '../../shared/xenstore/permissions.ts';
import type { Context } from '../context.ts';
import { DONE, EXIT, failed, failure, type Outcome } from '../output/exit.ts';
import { emit, type Format } from '../output/format.ts';
import { printable } from '../output/style.ts';
import type { Options } from '../table.ts';

export interface NodeView {
  readonly path: string;
  readonly value: string;
  /** As on the wire: `n0`, `r5`. */
  readonly permissions?: readonly string[];
}

/** Nodes asked for at a time. */
const BATCH = 128;

export async function withStore(
  context: Context,
  work: (store: XenstoreClient) => Promise<Outcome>,
): Promise<Outcome> {
  const store = await context.xenstore();
  return store.ok ? work(store.value) : failed(store.error);
}

const under = (path: string, name: string): string =>
  path === '/' || path === '' ? `${path}${name}` : `${path}/${name}`;

/** A node; undefined if it went away while we looked. */
async function viewNode(
  store: Nodes,
  path: string,
  permissions: boolean,
): Promise<NodeView | undefined> {
  const value = await store.readString(path);
  if (!value.ok) return undefined;
  const view = { path: fromUtf8(path), value: fromUtf8(value.value) };
  if (!permissions) return view;
  const list = await store.getPerms(path);
  return list.ok ? { ...view, permissions: list.value.map(formatPermission) } : undefined;
}

/** The nodes below `top`, each before those below it; with `deep` all of them. */
async function nodesBelow(
  store: Nodes,
  top: string,
  deep: boolean,
  permissions: boolean,
): Promise<Result<readonly NodeView[]>> {
  const views: NodeView[] = [];
  const visit = async (path: string): Promise<Result<void>> => {
    const names = await store.directory(path);
    if (!names.ok) return path === top ? names : ok();
    const paths = names.value.map((name) => under(path, name));
    for (let i = 0; i < paths.length; i += BATCH) {
      const batch = paths.slice(i, i + BATCH);
      const seen = await Promise.all(batch.map((each) => viewNode(store, each, permissions)));
      for (const [k, view] of seen.entries()) {
        if (view === undefined) continue;
        views.push(view);
        if (deep) await visit(batch[k] as string);
      }
    }
    return ok();
  };
  const done = await visit(top);
  return done.ok ? ok(views) : done;
}

function line({ path, value, permissions }: NodeView, name: string): string {
  const list = permissions === undefined ? '' : `   (${permissions.join(',')})`;
  return `${printable(name === '' ? path : name)} = "${printable(value)}"${list}\n`;
}

export function storeLs(
  context: Context,
  [path = '/']: readonly string[],
  options: Options,
): Promise<Outcome> {
  return withStore(context, async (store) => {
    const deep = options.recursive === true;
    const views = await nodesBelow(store, utf8(path), deep, options.permissions === true);
    if (!views.ok) return failed(views.error);
    await emit(context.terminal.out, options.output as Format, views.value, () =>
      views.value
        .map((view) => line(view, deep ? '' : (view.path.split('/').at(-1) as string)))
        .join(''),
    );
    return DONE;
  });
}

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
    return done.ok ? DONE : failed(done.error);
  });
}

/** A whole number above 0; undefined if the option was not given. */
export function readCount(option: string | boolean | undefined): Result<number | undefined> {
  if (typeof option !== 'string') return ok(undefined);
  const count = /^[0-9]{1,9}$/.test(option) ? Number(option) : 0;
  return count > 0 ? ok(count) : fail('EINVAL', `a count is a number from 1 on, not '${option}'`);
}
