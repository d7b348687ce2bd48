/** One client of the store: a socket of dom0, or a domain's ring. */

import { domainPath } from '../../../shared/xenstore/paths.ts';
import type { Domain } from './domain.ts';
import { createOutput, type Gone, type Output } from './output.ts';
import type { Transaction } from './transaction.ts';
import type { Watched } from './watch-trie.ts';

export interface Watch extends Watched {
  readonly connection: Connection;
  readonly token: string;
  /** Of the token. */
  readonly hash: number;
  /** What events leave out in front: the implicit path and its slash, for a relative watch. */
  readonly prefix: number;
}

export interface Connection {
  /** For logs: unique in one store. */
  readonly number: number;
  /** 0 for a socket, as for dom0. */
  readonly domid: number;
  /** Exempt from permissions and quotas. */
  readonly privileged: boolean;
  /** A ring's domain; a socket has none. */
  readonly domain: Domain | undefined;
  /** Where relative paths start. */
  readonly base: string;
  /** The domain that this one has the rights of (SET_TARGET). */
  target: { readonly domid: number } | undefined;
  /** By path and token, in order of registration. */
  readonly watches: Map<string, Watch>;
  readonly transactions: Map<number, Transaction>;
  nextTransaction: number;
  readonly output: Output;
  /** Watch events for it were dropped, and its log line written, since it last had none. */
  missesEvents: boolean;
  /** Cut off: nothing of it is handled, nothing is sent to it. */
  ignored: boolean;
  /** In the state's list of connections that have something to send, or to be closed. */
  stirred: boolean;
  /** Set by whoever moves the bytes; see Store.flush. */
  wake: (() => void) | undefined;
}

export function createConnection(
  number: number,
  domain: Domain | undefined,
  gone: Gone,
): Connection {
  const domid = domain?.domid ?? 0;
  return {
    number,
    domid,
    privileged: domain?.privileged ?? true,
    domain,
    base: domainPath(domid),
    target: undefined,
    watches: new Map(),
    transactions: new Map(),
    nextTransaction: 0,
    output: createOutput(gone, domain?.privileged === false ? domain : undefined),
    missesEvents: false,
    ignored: false,
    stirred: false,
    wake: undefined,
  };
}
