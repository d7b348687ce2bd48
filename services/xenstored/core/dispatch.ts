/** Which handler serves which request (wire_funcs in xenstored_core.c @ RELEASE-4.17.7). */

import {
  XS_CONTROL,
  XS_DIRECTORY,
  XS_DIRECTORY_PART,
  XS_GET_DOMAIN_PATH,
  XS_GET_PERMS,
  XS_INTRODUCE,
  XS_IS_DOMAIN_INTRODUCED,
  XS_MKDIR,
  XS_READ,
  XS_RELEASE,
  XS_RESET_WATCHES,
  XS_RESUME,
  XS_RM,
  XS_SET_PERMS,
  XS_SET_TARGET,
  XS_TRANSACTION_END,
  XS_TRANSACTION_START,
  XS_UNWATCH,
  XS_WATCH,
  XS_WRITE,
} from '../../../shared/abi/xs-wire.ts';
import type { WireError } from '../../../shared/xenstore/errors.ts';
import { XS_GET_FEATURE, XS_GET_QUOTA, XS_SET_FEATURE, XS_SET_QUOTA } from './features.ts';
import { dropSnapshots, refresh } from './merge.ts';
import { control } from './ops/control.ts';
import {
  getDomainPath,
  introduce,
  isDomainIntroduced,
  release,
  resume,
  setTarget,
} from './ops/domain.ts';
import { getFeature, getQuota, setFeature, setQuota } from './ops/feature.ts';
import { directory, directoryPart, getPerms, read } from './ops/read.ts';
import { transactionEnd, transactionStart } from './ops/transaction.ts';
import { resetWatches, unwatch, watch } from './ops/watch.ts';
import { mkdir, rm, setPerms, write } from './ops/write.ts';
import type { Handler, Request, State } from './state.ts';

interface Entry {
  readonly handler: Handler;
  /** Only for dom0 and its like. */
  readonly privileged: boolean;
  /** The transaction id is not looked at. */
  readonly noTransaction: boolean;
  /** Only where the features of Xen 4.22 are offered. */
  readonly optional: boolean;
  /** What it adds stays. */
  readonly grows: boolean;
}

const TABLE: (Entry | undefined)[] = [];

function serve(type: number, handler: Handler, ...flags: readonly string[]): void {
  TABLE[type] = {
    handler,
    privileged: flags.includes('privileged'),
    noTransaction: flags.includes('no transaction'),
    optional: flags.includes('optional'),
    grows: flags.includes('grows'),
  };
}

serve(XS_CONTROL, control, 'privileged');
serve(XS_DIRECTORY, directory);
serve(XS_READ, read);
serve(XS_GET_PERMS, getPerms);
serve(XS_WATCH, watch, 'no transaction', 'grows');
serve(XS_UNWATCH, unwatch, 'no transaction');
serve(XS_TRANSACTION_START, transactionStart, 'grows');
serve(XS_TRANSACTION_END, transactionEnd);
serve(XS_INTRODUCE, introduce, 'privileged', 'grows');
serve(XS_RELEASE, release, 'privileged');
serve(XS_GET_DOMAIN_PATH, getDomainPath);
serve(XS_WRITE, write, 'grows');
serve(XS_MKDIR, mkdir, 'grows');
serve(XS_RM, rm);
serve(XS_SET_PERMS, setPerms, 'grows');
serve(XS_IS_DOMAIN_INTRODUCED, isDomainIntroduced, 'privileged');
serve(XS_RESUME, resume, 'privileged');
serve(XS_SET_TARGET, setTarget, 'privileged');
serve(XS_RESET_WATCHES, resetWatches);
serve(XS_DIRECTORY_PART, directoryPart);
serve(XS_GET_FEATURE, getFeature, 'optional');
serve(XS_SET_FEATURE, setFeature, 'privileged', 'optional');
serve(XS_GET_QUOTA, getQuota, 'privileged', 'optional');
serve(XS_SET_QUOTA, setQuota, 'privileged', 'optional');

/** Whether there is room, once what only snapshots keep is given back. */
function hasRoom(state: State): boolean {
  const { host, snapshots } = state;
  if (host.hasRoom?.() !== false) return true;
  if (snapshots.size === 0) return false;
  dropSnapshots(state, 0);
  return host.hasRoom();
}

/** Handles the request; the error to reply with, if the handler has not replied itself. */
export function dispatch(rq: Request): WireError | undefined {
  const { connection, state, type, txId } = rq;
  const entry = TABLE[type];
  if (entry === undefined || (entry.optional && state.features === 0)) return 'ENOSYS';
  if (entry.privileged && !connection.privileged) return 'EACCES';
  if (entry.grows && !hasRoom(state)) return 'ENOMEM';
  rq.transaction = undefined;
  if (txId !== 0 && !entry.noTransaction) {
    rq.transaction = connection.transactions.get(txId);
    if (rq.transaction === undefined) return 'ENOENT';
    if (type !== XS_TRANSACTION_END) refresh(state, rq.transaction);
  }
  return entry.handler(rq);
}
