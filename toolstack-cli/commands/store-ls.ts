/** `xtl store ls`: the nodes below a node. */

import { type Failure, ok, type Result } from '../../shared/core/result.ts';
import { fromUtf8, utf8 } from '../../shared/core/utf8.ts';
import type { XenstoreClient } from '../../shared/xenstore/client.ts';
import type { Nodes } from '../../shared/xenstore/nodes.ts';
import { formatPermission } from '../../shared/xenstore/permissions.ts';
import type { Context } from '../context.ts';
import { DONE, failed, type Outcome } from '../output/exit.ts';
import { emit, type Format } from '../output/format.ts';
import { printable } from '../output/style.ts';
import type { Options } from '../table.ts';
import { under, withStore } from './store.ts';

interface NodeView {
  readonly path: string;
  readonly value: string;
  /** As on the wire: `n0`, `r5`. */
  readonly permissions?: readonly string[];
}

interface Listing {
  readonly views: NodeView[];
  /** Why nodes, or what is below them, are not among the views: whoever made them can cause it. */
  readonly missed: Failure[];
}

/** Nodes asked for at a time. */
const BATCH = 128;

async function viewNode(
  store: Nodes,
  path: string,
  permissions: boolean,
): Promise<Result<NodeView>> {
  const value = await store.readString(path);
  if (!value.ok) return value;
  const view = { path: fromUtf8(path), value: fromUtf8(value.value) };
  if (!permissions) return ok(view);
  const list = await store.getPerms(path);
  return list.ok ? ok({ ...view, permissions: list.value.map(formatPermission) }) : list;
}

/** The nodes below `top`, each before those below it; with `deep` all of them. */
async function nodesBelow(
  store: XenstoreClient,
  top: string,
  deep: boolean,
  permissions: boolean,
): Promise<Result<Listing>> {
  const listing: Listing = { views: [], missed: [] };
  const miss = (error: Failure): void => {
    // A node that went away while we looked is missed by nobody.
    if (error.errno !== 'ENOENT') listing.missed.push(error);
  };
  const visit = async (path: string): Promise<Result<void>> => {
    const names = await store.directory(path);
    if (!names.ok) return names;
    const paths = names.value.map((name) => under(path, name));
    for (let i = 0; i < paths.length; i += BATCH) {
      const batch = paths.slice(i, i + BATCH);
      const seen = await Promise.all(batch.map((each) => viewNode(store, each, permissions)));
      for (const [k, view] of seen.entries()) {
        if (view.ok) listing.views.push(view.value);
        else miss(view.error);
        const below = view.ok && deep ? await visit(batch[k] as string) : ok();
        if (!below.ok) miss(below.error);
        // Else every node that is left would be missed, one by one.
        const lost = store.lost();
        if (lost !== undefined) return { ok: false, error: lost };
      }
    }
    return ok();
  };
  const done = await visit(top);
  const lost = store.lost();
  if (lost !== undefined) return { ok: false, error: lost };
  return done.ok ? ok(listing) : done;
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
    const found = await nodesBelow(store, utf8(path), deep, options.permissions === true);
    if (!found.ok) return failed(found.error);
    const { views, missed } = found.value;
    await emit(context.terminal.out, options.output as Format, views, () =>
      views.map((view) => line(view, deep ? '' : (view.path.split('/').at(-1) as string))).join(''),
    );
    const [first, ...rest] = missed;
    if (first === undefined) return DONE;
    const others = rest.length === 0 ? '' : `, and ${rest.length} more like it`;
    return failed({ ...first, what: `not all is listed: ${first.what}${others}` });
  });
}
