/** The store's whole state, and the request that is being handled. */

import type { WireError } from '../../../shared/xenstore/errors.ts';
import type { Connection, Watch } from './connection.ts';
import type { Domain } from './domain.ts';
import type { StoreHost } from './host.ts';
import type { Gone } from './output.ts';
import type { CreatePathCache, PathCache } from './path-cache.ts';
import type { IsFresh, Perms } from './perms.ts';
import type { Limits, Quotas } from './quota.ts';
import type { Told } from './told.ts';
import type { Transaction } from './transaction.ts';
import type { Tree } from './tree.ts';
import type { WatchTrie } from './watch-trie.ts';
import type { WriteRate } from './write-rate.ts';

export interface StoreOptions {
  readonly host: StoreHost;
  /** Where C's defaults do not do; see DEFAULT_QUOTAS. */
  readonly quotas?: Partial<Quotas>;
  /** What driver domains get instead; see DRIVER_DOMAIN_QUOTAS. */
  readonly driverDomainQuotas?: Partial<Quotas>;
  /** A second domain with dom0's rights (a xenstored's own control domain); dom0 if not given. */
  readonly privDomid?: number;
  /** Keep the nodes of dead domains, as dom0's, instead of deleting them. */
  readonly keepOrphans?: boolean;
  /** How long a domain may leave a watch event unread; 0 for ever. C's default: 20,000. */
  readonly eventTimeoutMs?: number;
  /**
   * When a commit fails: `merge` if something that the transaction looked at has changed, `node` as
   * C xenstored does, if any node that it touched has changed in any way (a new child counts).
   */
  readonly conflicts?: 'merge' | 'node';
  /** Bytes that a socket may leave unread; see SOCKET_OUTPUT_MAX. */
  readonly socketOutputMax?: number;
  /** The same for all sockets together; see SOCKETS_OUTPUT_MAX. */
  readonly socketsOutputMax?: number;
  /** Bytes changed after which a transaction loses its snapshot; see SNAPSHOT_BYTES_MAX. */
  readonly snapshotBytes?: number;
  /** How paths are found again; createPathCache if not given. */
  readonly createPaths?: CreatePathCache;
  /** XENSTORE_SERVER_FEATURE_* offered; 0 also hides the operations newer than Xen 4.17. */
  readonly features?: number;
}

export interface State {
  readonly host: StoreHost;
  /** Changed by changeQuota alone. */
  readonly quotas: Quotas;
  /** What follows from them for whoever has none of their own. */
  limits: Limits;
  readonly driverDomainQuotas: Partial<Quotas>;
  readonly privDomid: number;
  readonly keepOrphans: boolean;
  readonly eventTimeoutMs: number;
  readonly conflicts: 'merge' | 'node';
  readonly snapshotBytes: number;
  readonly socketOutputMax: number;
  readonly socketsOutputMax: number;
  readonly features: number;
  readonly paths: PathCache;
  readonly tree: Tree;
  readonly domains: Map<number, Domain>;
  readonly connections: Set<Connection>;
  readonly watches: WatchTrie<Watch>;
  /** What watchers are being told of. */
  readonly told: Told;
  /** What becomes of packets that were read. */
  readonly gone: Gone;
  /** Sockets that leave much unread, and how much. */
  readonly stuck: Map<Connection, number>;
  stuckBytes: number;
  /** Permissions of @introduceDomain and @releaseDomain. */
  readonly specials: Map<string, Perms>;
  readonly writeRate: WriteRate;
  readonly isFresh: IsFresh;
  /** Connections to wake at the next flush. */
  readonly stirred: Connection[];
  /** Counts every change; a node's generation is the count at its last. */
  generation: number;
  /** Counts owners of trees: see tree.ts. */
  epochs: number;
  /** Transactions that hold a snapshot. */
  readonly snapshots: Set<Transaction>;
  openTransactions: number;
  watchOrder: number;
  /** The tree's shape at which paths forget their hints. */
  hintsDue: number;
  /** Trees of transactions that paths may still remember: see HINT_TRANSACTIONS_MAX. */
  endedTrees: number;
  connectionNumber: number;
  /** What the tree has copied when old snapshots are looked for. */
  snapshotsDue: number;
  /** Counts watch events: what a request costs beyond itself. */
  work: number;
  /** No event that waits now is due earlier. */
  dueMs: number;
}

/** A request of an unprivileged domain that counts until its reply and all events are read. */
export interface Owed {
  readonly domain: Domain;
  events: number;
  read: boolean;
}

/** One request; the object is used again for the next. */
export interface Request {
  readonly state: State;
  connection: Connection;
  transaction: Transaction | undefined;
  type: number;
  reqId: number;
  txId: number;
  bytes: Uint8Array;
  start: number;
  end: number;
  owed: Owed | undefined;
}

/** Handles a request: replies, or returns the error to reply with. */
export type Handler = (rq: Request) => WireError | undefined;

export function nextGeneration(state: State): number {
  return ++state.generation;
}

/** What holds for a connection. */
export function limitsFor({ limits }: State, { domain }: Connection): Limits {
  return domain === undefined ? limits : domain.limits;
}

/** Notes that a connection has something to send, or is over. */
export function stir(state: State, connection: Connection): void {
  if (connection.stirred) return;
  connection.stirred = true;
  state.stirred.push(connection);
}
