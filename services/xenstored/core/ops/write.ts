/** WRITE, MKDIR, RM and SET_PERMS. */

import type { WireError } from '../../../../shared/xenstore/errors.ts';
import { parsePermissions } from '../../../../shared/xenstore/permissions.ts';
import { get, see } from '../access.ts';
import { existingDomain } from '../accounts.ts';
import { nulFrom, onePath, stringsOf } from '../arguments.ts';
import { changeQuota } from '../change-quota.ts';
import { create, writePerms, writeValue } from '../changes.ts';
import { mayFanOut } from '../fan-out.ts';
import { XENSTORE_SERVER_FEATURE_DOMID_ANY } from '../features.ts';
import type { Protected } from '../fire.ts';
import { fire, noteFor } from '../fire.ts';
import { EVENTS_PER_CHANGE } from '../limits.ts';
import type { Path } from '../path.ts';
import { parentPath } from '../path.ts';
import type { PermEntry, Perms } from '../perms.ts';
import { allowed, DOMID_ANY, OWNER, ownerOf, permsOf, WRITE } from '../perms.ts';
import type { Quotas } from '../quota.ts';
import { removeFor } from '../removal.ts';
import { ack, owedBy } from '../reply.ts';
import type { Request } from '../state.ts';
import { limitsFor, nextGeneration } from '../state.ts';
import { lookup } from '../tree.ts';
import { valueFrom } from '../value.ts';

/** ENOMEM if too many would have to be told that the node at `path` becomes `node`. */
function mayTell(rq: Request, path: Path, node: Protected | undefined): WireError | undefined {
  const { state, transaction, connection } = rq;
  if (connection.privileged || transaction !== undefined) return undefined;
  if (state.watches.size() <= EVENTS_PER_CHANGE) return undefined;
  const judge = () => {
    const parent = lookup(state.tree, parentPath(path));
    // A node that inherits its list from further up is judged by what is known of it.
    return { node: node ?? parent, parent, old: node };
  };
  const told = mayFanOut(rq, (at) => void at(path, false, judge), 0);
  return typeof told === 'string' ? told : undefined;
}

/** Tells the watchers of a node that it changed, unless a transaction puts that off. */
function announce(rq: Request, path: Path, old: Protected | undefined): void {
  const { state, transaction } = rq;
  const { tree } = state;
  if (transaction !== undefined) noteFor(transaction, path, false);
  else if (state.watches.mayMatch(path)) {
    fire(state, owedBy(rq), path, () => {
      return { node: lookup(tree, path), parent: lookup(tree, parentPath(path)), old };
    });
  }
}

/**
 * A toolstack that makes `/local/domain/N/libxl` makes a driver domain of N: libxl does so for
 * `driver_domain=1` and for nothing else (tools/libs/light/libxl_create.c @ RELEASE-4.17.0).
 */
function noteDriverDomain(rq: Request, path: Path): void {
  const { connection, state } = rq;
  const [local, domain, number = '', name, ...below] = path.parts;
  if (name !== 'libxl' || below.length > 0 || !connection.privileged) return;
  if (local !== 'local' || domain !== 'domain' || !/^[1-9][0-9]{0,4}$/.test(number)) return;
  const known = existingDomain(state, Number(number));
  if (known === undefined) return;
  for (const [key, value] of Object.entries(state.driverDomainQuotas)) {
    const quota = key as keyof Quotas;
    if (known.ownQuotas[quota] === undefined) changeQuota(state, known, quota, value);
  }
}

export function write(rq: Request): WireError | undefined {
  const nul = nulFrom(rq, rq.start);
  if (nul < 0) return 'EINVAL';
  const path = onePath(rq, nul - rq.start);
  if (path === undefined) return 'EINVAL';
  const node = get(rq, path, WRITE, 0);
  if (typeof node === 'string' && node !== 'ENOENT') return node;
  const found = typeof node === 'string' ? undefined : node;
  const value = valueFrom(rq.bytes, nul + 1, rq.end);
  const error =
    mayTell(rq, path, found) ??
    (found === undefined ? create(rq, path, value) : writeValue(rq, path, found, value));
  if (error !== undefined) return error;
  if (typeof node === 'string') noteDriverDomain(rq, path);
  announce(rq, path, undefined);
  ack(rq);
  return undefined;
}

export function mkdir(rq: Request): WireError | undefined {
  const path = onePath(rq);
  if (path === undefined) return 'EINVAL';
  const node = get(rq, path, WRITE, 0);
  if (typeof node === 'string') {
    if (node !== 'ENOENT') return node;
    const error = mayTell(rq, path, undefined) ?? create(rq, path, '');
    if (error !== undefined) return error;
    noteDriverDomain(rq, path);
    announce(rq, path, undefined);
  }
  ack(rq);
  return undefined;
}

export function rm(rq: Request): WireError | undefined {
  const path = onePath(rq);
  if (path === undefined) return 'EINVAL';
  const node = get(rq, path, WRITE, 0);
  if (typeof node === 'string') {
    if (node !== 'ENOENT') return node;
    const parent = see(rq, parentPath(path), 0);
    if (typeof parent === 'string') return parent;
  } else {
    if (path.parts.length === 0) return 'EINVAL';
    const error = removeFor(rq, path, node);
    if (error !== undefined) return error;
  }
  ack(rq);
  return undefined;
}

/**
 * The list of a SET_PERMS, entries for domains that do not exist marked; ENOENT for such an
 * owner.
 */
function newPerms(rq: Request, texts: readonly string[]): Perms | WireError {
  const { state, connection } = rq;
  const parsed = parsePermissions(texts);
  if (!parsed.ok) return 'EINVAL';
  const features = connection.domain?.features ?? state.features;
  const ignored = (domid: number): boolean =>
    domid === DOMID_ANY
      ? (features & XENSTORE_SERVER_FEATURE_DOMID_ANY) === 0
      : existingDomain(state, domid) === undefined;
  const [owner, ...others] = parsed.value.map(
    ({ domid, access }): PermEntry => ({ domid, access, ignored: ignored(domid) }),
  );
  return owner === undefined || owner.ignored
    ? 'ENOENT'
    : permsOf([owner, ...others], nextGeneration(state));
}

function setSpecial(rq: Request, name: string, perms: Perms): WireError | undefined {
  const { state, connection } = rq;
  const now = state.specials.get(name);
  if (now === undefined) return 'EINVAL';
  const granted = allowed(connection, now, state.isFresh);
  if ((granted & (WRITE | OWNER)) !== (WRITE | OWNER)) return 'EACCES';
  state.specials.set(name, perms);
  ack(rq);
  return undefined;
}

export function setPerms(rq: Request): WireError | undefined {
  const { connection } = rq;
  const [name, ...texts] = stringsOf(rq);
  if (name === undefined || texts.length === 0) return 'EINVAL';
  if (!connection.privileged && texts.length > limitsFor(rq.state, connection).permissions) {
    return 'ENOSPC';
  }
  const perms = newPerms(rq, texts);
  if (typeof perms === 'string') return perms;
  if (name.startsWith('@')) return setSpecial(rq, name, perms);
  const path = onePath(rq, name.length);
  if (path === undefined) return 'EINVAL';
  const node = get(rq, path, WRITE | OWNER, 0);
  if (typeof node === 'string') return node;
  if (!connection.privileged && ownerOf(perms) !== ownerOf(node.perms)) return 'EPERM';
  const old = { perms: node.perms };
  const error = mayTell(rq, path, node) ?? writePerms(rq, path, node, perms);
  if (error !== undefined) return error;
  announce(rq, path, old);
  ack(rq);
  return undefined;
}
