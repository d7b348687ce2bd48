/** WATCH, UNWATCH and RESET_WATCHES. */

import { XENSTORE_REL_PATH_MAX } from '../../../../shared/abi/xs-wire.ts';
import { hashOf } from '../../../../shared/core/bytes.ts';
import { atoi } from '../../../../shared/xenstore/c-number.ts';
import type { WireError } from '../../../../shared/xenstore/errors.ts';
import { absolute, isRelative, isSpecial, isValidPath } from '../../../../shared/xenstore/paths.ts';
import { charge, exceedsMemory } from '../accounts.ts';
import { stringsOf } from '../arguments.ts';
import type { Connection, Watch } from '../connection.ts';
import { XENSTORE_SERVER_FEATURE_WATCHDEPTH } from '../features.ts';
import { WATCH_COST } from '../limits.ts';
import { ack, sendEvent } from '../reply.ts';
import type { Request, State } from '../state.ts';
import { limitsFor } from '../state.ts';
import { address, tell } from '../told.ts';
import { dropTransactions } from './transaction.ts';

const keyOf = (path: string, token: string): string => `${path}\0${token}`;

/** The path to watch; special names need not name anything and may hold any byte. */
function watchPath(rq: Request, raw: string): string | undefined {
  if (isSpecial(raw)) return raw.length <= XENSTORE_REL_PATH_MAX ? raw : undefined;
  const path = absolute(raw, rq.connection.base);
  return isValidPath(path, limitsFor(rq.state, rq.connection).pathMax) ? path : undefined;
}

/** The watch's depth: Infinity without one, undefined for a request that is malformed. */
function depthOf(rq: Request, texts: readonly string[]): number | undefined {
  if (texts.length === 2) return Number.POSITIVE_INFINITY;
  const features = rq.connection.domain?.features ?? rq.state.features;
  if (texts.length !== 3 || (features & XENSTORE_SERVER_FEATURE_WATCHDEPTH) === 0) return undefined;
  const depth = atoi(texts[2] as string);
  return depth >= 0 ? depth : undefined;
}

export function watch(rq: Request): WireError | undefined {
  const { connection, state } = rq;
  const { domain } = connection;
  const texts = stringsOf(rq);
  const depth = depthOf(rq, texts);
  if (depth === undefined) return 'EINVAL';
  const [raw = '', token = ''] = texts;
  const path = watchPath(rq, raw);
  if (path === undefined) return 'EINVAL';
  const key = keyOf(path, token);
  if (connection.watches.has(key)) return 'EEXIST';
  if (!connection.privileged && (domain?.watches ?? 0) > limitsFor(state, connection).watches) {
    return 'E2BIG';
  }
  if (exceedsMemory(domain, path.length + token.length, WATCH_COST)) return 'ENOMEM';
  const prefix = isRelative(raw) ? connection.base.length + 1 : 0;
  const order = ++state.watchOrder;
  const made: Watch = { connection, path, token, hash: hashOf(token), depth, prefix, order };
  connection.watches.set(key, made);
  state.watches.add(made);
  charge(state, connection.domid, path.length + token.length);
  if (domain !== undefined) domain.watches++;
  ack(rq);
  tell(state.told, path, false);
  address(state.told, prefix, token, made.hash);
  sendEvent(state, undefined, connection);
  return undefined;
}

function drop(state: State, connection: Connection, key: string, gone: Watch): void {
  connection.watches.delete(key);
  state.watches.remove(gone);
  charge(state, connection.domid, -(gone.path.length + gone.token.length));
  if (connection.domain !== undefined) connection.domain.watches--;
}

export function unwatch(rq: Request): WireError | undefined {
  const { connection, state } = rq;
  const texts = stringsOf(rq);
  if (texts.length !== 2) return 'EINVAL';
  const [raw = '', token = ''] = texts;
  const key = keyOf(absolute(raw, connection.base), token);
  const gone = connection.watches.get(key);
  if (gone === undefined) return 'ENOENT';
  drop(state, connection, key, gone);
  ack(rq);
  return undefined;
}

export function dropWatches(state: State, connection: Connection): void {
  for (const [key, gone] of connection.watches) drop(state, connection, key, gone);
}

/** Legal inside a transaction, which it ends like all others of the connection. */
export function resetWatches(rq: Request): WireError | undefined {
  dropWatches(rq.state, rq.connection);
  dropTransactions(rq.state, rq.connection);
  ack(rq);
  return undefined;
}
