/** A domain's nodes in xenstore: made in two transactions, removed without trace. */

import { DOM0, type Domid, domid, isDomid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { DomainControl } from '../../platform/domain-control.ts';
import type { XenstoreClient } from '../../xenstore/client.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import type { Permission } from '../../xenstore/permissions.ts';
import type { BuildHost } from './host.ts';
import {
  type Access,
  type Announced,
  announcingNodes,
  consoleBackendPath,
  domainNodes,
  domainPath,
  driverPath,
  libxlPath,
  type NodesOf,
  type StoreNode,
  vmPath,
} from './nodes.ts';

function permissions(
  access: Exclude<Access, 'inherited'>,
  guest: Domid,
  backend: Domid,
): readonly Permission[] {
  const lists: Readonly<Record<typeof access, readonly Permission[]>> = {
    'guest-owns': [owned(guest)],
    private: [owned(DOM0)],
    'guest-reads': [owned(DOM0), { domid: guest, access: 'r' }],
    'backend-owns': [owned(backend), { domid: guest, access: 'r' }],
    'backend-reads': [owned(guest), { domid: backend, access: 'r' }],
    // Of a domain that dies its nodes go with it: those of a driver domain are dom0's.
    'backend-serves': [
      owned(DOM0),
      ...(backend === DOM0 ? [] : [{ domid: backend, access: 'b' } as const]),
      { domid: guest, access: 'r' },
    ],
  };
  return lists[access];
}

/** The first entry of a list: its owner, and nothing for those whom no other entry names. */
function owned(by: Domid): Permission {
  return { domid: by, access: 'n' };
}

/** The nodes as they are written. */
export function withPermissions(nodes: readonly StoreNode[], guest: Domid, backend: Domid) {
  return nodes.map(({ path, value, access }) =>
    access === 'inherited'
      ? { path, value }
      : { path, value, permissions: permissions(access, guest, backend) },
  );
}

/**
 * Gives a new domain its name and what comes with it, over whatever an earlier domain of that domid
 * left. EEXIST if another domain has the name or the uuid: asked in the transaction that writes
 * them, so that of two who want one at the same time the later sees the other.
 */
export function announce(
  { xenstore, domainControl }: Pick<BuildHost, 'xenstore' | 'domainControl'>,
  of: Announced,
  consoleDomid: Domid,
): Promise<Result<void>> {
  const nodes = withPermissions(announcingNodes(of), of.domid, consoleDomid);
  return xenstore.transaction(async (tx) => {
    const removed = removeFrom(tx, { ...of, consoleDomid });
    const free = await checkFree(tx, domainControl, of);
    const gone = await removed;
    if (!gone.ok) return gone;
    return free.ok ? tx.writeAll(nodes) : free;
  });
}

/** Makes the rest of its nodes once it is built; ESRCH if it was ended meanwhile. */
export function makeNodes(store: XenstoreClient, of: NodesOf): Promise<Result<void>> {
  const nodes = withPermissions(domainNodes(of), of.domid, of.consoleDomid);
  return store.transaction(async (tx) => {
    const there = await tx.exists(`${domainPath(of.domid)}/vm`);
    if (!there.ok) return there;
    if (!there.value) return fail('ESRCH', `domain ${of.domid} was ended while it was built`);
    return tx.writeAll(nodes);
  });
}

/** Removes all nodes of a domain. Nodes that are not there are no error. */
export function removeNodes(store: XenstoreClient, of: Removed): Promise<Result<void>> {
  return store.transaction(async (tx) => {
    const removed = await removeFrom(tx, of);
    return removed.ok
      ? pruneBackends(tx, [consoleBackendPath(of.consoleDomid, of.domid)])
      : removed;
  });
}

/**
 * Removes what is empty above back ends that were removed: the directories of their kinds and of
 * all back ends of their domain. In a transaction, so that nobody's new back end goes with them.
 */
export async function pruneBackends(tx: Nodes, backends: readonly string[]): Promise<Result<void>> {
  const parents = backends.flatMap((path) => {
    const match = /^(\/local\/domain\/[0-9]+\/backend)\/[^/]+/.exec(path);
    return match === null ? [] : [match[0], match[1] as string];
  });
  // Longer paths first: a kind before the directory of all kinds.
  for (const path of [...new Set(parents)].sort((a, b) => b.length - a.length)) {
    const names = await tx.directory(path);
    if (!names.ok && names.error.errno !== 'ENOENT') return names;
    if (!names.ok || names.value.length > 0) continue;
    const removed = await tx.rm(path);
    if (!removed.ok) return removed;
  }
  return ok();
}

/** What a domain's nodes are found by. */
type Removed = Pick<NodesOf, 'domid' | 'uuid' | 'consoleDomid'> & Pick<Announced, 'keepsBackends'>;

/** Removes nodes; those that are not there, or whose parent is not, are no error. */
export async function removeAll(tx: Nodes, paths: readonly string[]): Promise<Result<void>> {
  const all = await Promise.all(paths.map((path) => tx.rm(path)));
  return all.find((result) => !result.ok && result.error.errno !== 'ENOENT') ?? ok();
}

async function removeFrom(tx: Nodes, of: Removed): Promise<Result<void>> {
  const { domid, uuid, consoleDomid, keepsBackends = false } = of;
  const home = keepsBackends ? removeHome(tx, domid) : removeAll(tx, [domainPath(domid)]);
  const others = [
    ...[consoleBackendPath(consoleDomid, domid), vmPath(uuid), libxlPath(domid)],
    ...(keepsBackends ? [] : [driverPath(domid)]),
  ];
  const [first, second] = await Promise.all([home, removeAll(tx, others)]);
  return first.ok ? second : first;
}

/** A domain's own directory but for what it serves. */
export async function removeHome(tx: Nodes, domid: Domid): Promise<Result<void>> {
  const home = domainPath(domid);
  const names = await tx.directory(home);
  if (!names.ok) return names.error.errno === 'ENOENT' ? ok() : names;
  const own = names.value.filter((name) => name !== 'backend');
  return removeAll(
    tx,
    own.map((name) => `${home}/${name}`),
  );
}

/** EEXIST if a domain that lives has the name or the uuid: nodes of one that is gone count not. */
export async function checkFree(
  store: Nodes,
  control: DomainControl,
  { name, uuid }: { readonly name: string; readonly uuid: string },
): Promise<Result<void>> {
  const wanted = { name, vm: vmPath(uuid) };
  for (const key of ['name', 'vm'] as const) {
    const holders = await findBy(store, key, wanted[key]);
    if (!holders.ok) return holders;
    const holder = holders.value.find((each) => control.getInfo(each).ok);
    if (holder === undefined) continue;
    const what = key === 'name' ? `the name '${name}' is in use by` : `uuid ${uuid} is that of`;
    return fail('EEXIST', `${what} domain ${holder}`);
  }
  return ok();
}

/** The domains of that name, in xenstore's order. */
export function findByName(store: Nodes, name: string): Promise<Result<readonly Domid[]>> {
  return findBy(store, 'name', name);
}

async function findBy(
  store: Nodes,
  key: 'name' | 'vm',
  value: string,
): Promise<Result<readonly Domid[]>> {
  const ids = await store.directory('/local/domain');
  if (!ids.ok) return ids.error.errno === 'ENOENT' ? ok([]) : ids;
  const domids = ids.value.map(Number).filter(isDomid).map(domid);
  const values = await Promise.all(
    domids.map((id) => store.readString(`${domainPath(id)}/${key}`)),
  );
  const matching: Domid[] = [];
  for (const [i, id] of domids.entries()) {
    const read = values[i];
    if (read?.ok === true && read.value === value) matching.push(id);
    // A name that cannot be read is not one that nobody has.
    else if (read?.ok === false && read.error.errno !== 'ENOENT') return read;
  }
  return ok(matching);
}

/** A domid that a service published of itself (`/tool/xenstored/domid`); dom0 if it did not. */
export async function serviceDomid(store: XenstoreClient, path: string): Promise<Result<Domid>> {
  const text = await store.readString(path);
  if (!text.ok) return text.error.errno === 'ENOENT' ? ok(domid(0)) : text;
  const number = Number(text.value);
  return /^[0-9]+$/.test(text.value) && isDomid(number)
    ? ok(domid(number))
    : fail('EPROTO', `${path} is '${text.value}', not a domid`);
}
