/**
 * Where our store answers otherwise than C xenstored 4.17.7, and why. A random session accepts
 * the ones with `covers` and nothing else; it does not ask for the others, which
 * deviations.test.ts shows.
 */

import * as xs from '../../shared/abi/xs-wire.ts';
import type { Reply } from './subject.ts';

export interface Exchange {
  readonly type: number;
  readonly payload: string;
  readonly ours: Reply;
  readonly theirs: Reply;
}

export interface Deviation {
  readonly name: string;
  readonly why: string;
  /** Whether two replies to one request differ for this reason. */
  readonly covers?: (exchange: Exchange) => boolean;
}

const isError = ({ type }: Reply): boolean => type === xs.XS_ERROR;

export const DEVIATIONS: readonly Deviation[] = [
  {
    name: 'merge',
    why: `C fails a commit if any node that the transaction touched has changed in any way. Ours
      fails it only if something that a reply depended on has; the option conflicts=node does as C.
      A transaction that has touched more than 64 nodes is not brought up to date any more, so that
      it may fail where C's, which looks at each node as late as it can, does not`,
  },
  {
    name: 'doomed',
    why: `what a transaction shows that can only end in EAGAIN: ours stays with its snapshot, C
      shows a mix of before and after`,
  },
  {
    name: 'special-perms-error',
    why: `C fails SET_PERMS of a special name with whatever errno an earlier call left, and aborts
      when that is 0; ours says EACCES or EINVAL`,
    covers: ({ type, payload, ours, theirs }) =>
      type === xs.XS_SET_PERMS && payload.startsWith('@') && isError(ours) && isError(theirs),
  },
  {
    name: 'malformed-path-error',
    why: `likewise where one string is due and the payload is none or several: ours says EINVAL`,
  },
  {
    name: 'reset-in-transaction',
    why: 'C aborts on RESET_WATCHES inside a transaction (XSA-484); ours ends the transaction',
  },
  {
    name: 'released-target',
    why: `C keeps a domain alive, unserved, while another has its rights by SET_TARGET; ours lets it
      go and the other's rights with it`,
  },
  {
    name: 'stale-in-transaction',
    why: `permissions set in a transaction for a domain that dies before the commit: C grants them
      to a new domain with that number if it was there by then; ours to nobody`,
  },
  {
    name: 'root-owner',
    why: `when a domain dies that somebody gave the root to, C deletes every node; ours gives the
      root back to dom0`,
  },
  {
    name: 'death-order',
    why: `a dead domain's nodes go in the order of the tree in C; ours looks into its home first,
      and nowhere else if that was all`,
  },
  {
    name: 'memory-error',
    why: `a write at the hard memory quota: C answers EIO, or nothing and aborts; ours ENOMEM`,
  },
  {
    name: 'transaction-memory',
    why: `C charges the nodes of an open transaction with a number of its own in front of each
      path`,
    covers: ({ type, payload, ours, theirs }) =>
      type === xs.XS_CONTROL &&
      payload.startsWith('quota\0') &&
      !/transactions +: +0/.test(ours.payload) &&
      ours.payload.replace(/memory.*/, '') === theirs.payload.replace(/memory.*/, ''),
  },
  {
    name: 'transaction-removal-quota',
    why: `RM in a transaction that runs into its quota of nodes: both answer EIO, C also logs a
      corrupt store and checks it`,
  },
  {
    name: 'newer-operations',
    why: `WATCH with a depth, GET_FEATURE, SET_FEATURE, GET_QUOTA, SET_QUOTA and DOMID_ANY are Xen
      4.22's; the option features=0 hides them`,
  },
  {
    name: 'live-update',
    why: 'ours cannot be updated while it runs, and says so',
  },
  {
    name: 'driver-domain-quotas',
    why: `a domain that libxl made a driver domain holds watches and nodes for all that it serves:
      ours gives it more of both, C what every guest gets`,
  },
  {
    name: 'help-text',
    why: 'CONTROL help lists the same commands, with our word on live-update',
  },
  {
    name: 'too-many-events',
    why: `a change of a guest's that more than 2,048 events tell of: ours refuses it, C does it
      and nothing else meanwhile. A guest may leave 8 events unread for each watch of its quota; C
      counts only their memory`,
  },
  {
    name: 'stuck-socket',
    why: `a tool that leaves 32 MiB of events unread is cut off, or the one that leaves most of
      64 MiB; C keeps them until memory runs out`,
  },
];

export function deviationOf(exchange: Exchange): Deviation | undefined {
  return DEVIATIONS.find(({ covers }) => covers?.(exchange) ?? false);
}
