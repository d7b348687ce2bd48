/**
 * The store as one value: connections come and go, requests go in, packets come out. No I/O, no
 * clock: whoever owns it moves bytes, tells the time, and answers for the hypervisor.
 */

import type { Result } from '../../../shared/core/result.ts';
import { must, ok } from '../../../shared/core/result.ts';
import { addDomain, charge, weightOf } from './accounts.ts';
import { checkStore } from './check.ts';
import type { Connection } from './connection.ts';
import { dispatch } from './dispatch.ts';
import { FEATURES } from './features.ts';
import type { DomainStatus } from './lifecycle.ts';
import {
  checkDomains,
  connect,
  destroyDomain,
  disconnect,
  ignoreConnection,
  introduceDomain,
  noteUnread,
} from './lifecycle.ts';
import {
  HINT_SHAPES_MAX,
  SNAPSHOT_BYTES_MAX,
  SOCKET_OUTPUT_MAX,
  SOCKETS_OUTPUT_MAX,
} from './limits.ts';
import { dropSnapshots } from './merge.ts';
import { expireEvents, nextDeadlineMs } from './output.ts';
import type { Path } from './path.ts';
import { pathOf, ROOT } from './path.ts';
import { createPathCache } from './path-cache.ts';
import type { Perms } from './perms.ts';
import { DEFAULT_QUOTAS, DRIVER_DOMAIN_QUOTAS, limitsOf } from './quota.ts';
import { createGone, replyError } from './reply.ts';
import type { Request, State, StoreOptions } from './state.ts';
import { nextGeneration } from './state.ts';
import { createTold } from './told.ts';
import { createNode, insert } from './tree.ts';
import { createWatchTrie } from './watch-trie.ts';
import { createWriteRate } from './write-rate.ts';

export interface Store {
  /** The connection of dom0's own ring. */
  readonly dom0: Connection;
  /** A socket of dom0. */
  connect(): Connection;
  /** The other side has gone. */
  disconnect(connection: Connection): void;
  /** The other side broke the protocol: it is not served any more, but its domain lives on. */
  ignore(connection: Connection): void;
  /**
   * Handles one packet; its payload is `bytes` from `start` to `end`, and is not kept. Replies and
   * events are in the outputs of this and of other connections when it returns.
   */
  handle(
    connection: Connection,
    type: number,
    reqId: number,
    txId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  /**
   * Wakes every connection that has something to send or was cut off. After each batch of
   * requests.
   */
  flush(): void;
  /**
   * How long to wait before reading more of this connection: 0 not at all, Infinity until it
   * reads.
   */
  readDelayMs(connection: Connection): number;
  /** Drops events that were left unread for too long. */
  expire(): void;
  /** No earlier than that `expire` has something to do; Infinity if never. */
  nextDeadlineMs(): number;
  /** Serves a domain's ring as if dom0 had introduced it. */
  introduce(domid: number): Connection;
  /** Ends serving a domain; its nodes go with it. */
  release(domid: number): void;
  /** Some domain has shut down or died: asks about each. */
  checkDomains(status: (domid: number) => DomainStatus): void;
  /** Lines about what does not add up; none if the store is sound. */
  check(): readonly string[];
  readonly state: State;
}

const DOM0_ONLY: Perms = {
  entries: [{ domid: 0, access: 'n', ignored: false }],
  generation: 1,
};

function createState(options: StoreOptions): State {
  const quotas = { ...DEFAULT_QUOTAS, ...options.quotas };
  const domains: State['domains'] = new Map();
  const perms: Perms = DOM0_ONLY;
  const createPaths = options.createPaths ?? createPathCache;
  const state: State = {
    host: options.host,
    quotas,
    limits: limitsOf(quotas),
    driverDomainQuotas: options.driverDomainQuotas ?? DRIVER_DOMAIN_QUOTAS,
    privDomid: options.privDomid ?? 0,
    keepOrphans: options.keepOrphans ?? false,
    eventTimeoutMs: options.eventTimeoutMs ?? 20_000,
    conflicts: options.conflicts ?? 'merge',
    snapshotBytes: options.snapshotBytes ?? SNAPSHOT_BYTES_MAX,
    socketOutputMax: options.socketOutputMax ?? SOCKET_OUTPUT_MAX,
    socketsOutputMax: options.socketsOutputMax ?? SOCKETS_OUTPUT_MAX,
    features: options.features ?? FEATURES,
    paths: createPaths(),
    tree: { root: createNode(1, ROOT, 1, '', perms), epoch: 1, shape: 0, copied: 0 },
    domains,
    connections: new Set(),
    stirred: [],
    watches: createWatchTrie(),
    told: createTold(),
    gone: createGone(() => state),
    stuck: new Map(),
    stuckBytes: 0,
    specials: new Map([
      ['@introduceDomain', perms],
      ['@releaseDomain', perms],
    ]),
    writeRate: createWriteRate(() => options.host.nowMs()),
    isFresh: (domid, generation) => {
      const domain = domains.get(domid);
      return domain !== undefined && domain.generation <= generation;
    },
    generation: 1,
    epochs: 1,
    snapshots: new Set(),
    openTransactions: 0,
    watchOrder: 0,
    hintsDue: HINT_SHAPES_MAX,
    endedTrees: 0,
    connectionNumber: 0,
    snapshotsDue: (options.snapshotBytes ?? SNAPSHOT_BYTES_MAX) / 2,
    work: 0,
    dueMs: Number.POSITIVE_INFINITY,
  };
  return state;
}

/** The nodes that every store starts with. */
function plant(state: State): void {
  const paths: Path[] = [pathOf('/tool'), pathOf('/tool/xenstored')];
  for (const path of paths) {
    const generation = nextGeneration(state);
    const node = createNode(state.tree.epoch, path, generation, '', DOM0_ONLY);
    insert(state.tree, path, node, generation);
    charge(state, 0, weightOf(path.text.length, node) + (path.parts.at(-1) as string).length + 1);
  }
  charge(state, 0, weightOf(1, createNode(1, ROOT, 1, '', DOM0_ONLY)));
  const dom0 = state.domains.get(0);
  if (dom0 !== undefined) dom0.nodes = 1 + paths.length;
}

/** Lets go of what only speeds things up before it keeps too much of the past alive. */
function letGo(state: State): void {
  const { tree, snapshotBytes, paths } = state;
  if (tree.copied >= state.snapshotsDue) {
    state.snapshotsDue = tree.copied + snapshotBytes / 2;
    dropSnapshots(state, snapshotBytes / 2);
  }
  if (tree.shape >= state.hintsDue) {
    state.hintsDue = tree.shape + HINT_SHAPES_MAX;
    paths.dropHints();
  }
}

/** The request object of a store, used for one request after the other. */
function createRequest(state: State, connection: Connection): Request {
  return {
    state,
    connection,
    transaction: undefined,
    type: 0,
    reqId: 0,
    txId: 0,
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
    owed: undefined,
  };
}

function expire(state: State): void {
  const nowMs = state.host.nowMs();
  if (nowMs < state.dueMs) return;
  state.dueMs = Number.POSITIVE_INFINITY;
  for (const { output, privileged, domid } of state.connections) {
    if (privileged) continue;
    if (expireEvents(output, nowMs) > 0) {
      state.host.report(`domain ${domid}: unread watch events dropped`);
    }
    state.dueMs = Math.min(state.dueMs, nextDeadlineMs(output));
  }
}

/** A tool that does not read must not eat dom0's memory, nor may many of them together. */
function cutIfStuck(state: State, connection: Connection): void {
  if (connection.ignored) return;
  if (noteUnread(state, connection) > state.socketOutputMax) cutOff(state, connection);
  if (state.stuckBytes <= state.socketsOutputMax) return;
  // Some have read since.
  for (const each of [...state.stuck.keys()]) noteUnread(state, each);
  while (state.stuckBytes > state.socketsOutputMax) {
    let [worst, most] = [connection, 0];
    for (const [each, cost] of state.stuck) if (cost > most) [worst, most] = [each, cost];
    cutOff(state, worst);
  }
}

function cutOff(state: State, connection: Connection): void {
  state.host.report(`socket ${connection.number}: cut off, it does not read`);
  ignoreConnection(state, connection);
}

function dom0Of(state: State): Connection {
  const domain = addDomain(state, 0);
  const connection = connect(state, domain);
  domain.connection = connection;
  domain.introduced = true;
  if (state.privDomid !== 0) addDomain(state, state.privDomid);
  return connection;
}

/** A store with nothing in it but what every store has. */
export function createStore(options: StoreOptions): Store {
  const state = createState(options);
  const dom0 = dom0Of(state);
  plant(state);
  const { stirred, tree, writeRate } = state;
  const rq = createRequest(state, dom0);
  const nothing = (): Result<void> => ok();
  return {
    dom0,
    state,
    connect: () => connect(state, undefined),
    disconnect: (connection) => disconnect(state, connection),
    ignore: (connection) => ignoreConnection(state, connection),
    handle: (connection, type, reqId, txId, bytes, start, end) => {
      if (connection.ignored) return;
      rq.connection = connection;
      rq.type = type;
      rq.reqId = reqId;
      rq.txId = txId;
      rq.bytes = bytes;
      rq.start = start;
      rq.end = end;
      rq.owed = undefined;
      const error = dispatch(rq);
      // One that has ended must not live on here.
      rq.transaction = undefined;
      if (tree.copied >= state.snapshotsDue || tree.shape >= state.hintsDue) letGo(state);
      if (error !== undefined && !connection.ignored) replyError(rq, error);
    },
    flush: () => {
      // Waking one may stir others.
      for (let i = 0; i < stirred.length; i++) {
        const connection = stirred[i] as Connection;
        connection.stirred = false;
        connection.wake?.();
        if (connection.domain === undefined) cutIfStuck(state, connection);
      }
      stirred.length = 0;
    },
    readDelayMs: ({ domain, privileged, ignored }) => {
      if (ignored) return Number.POSITIVE_INFINITY;
      if (privileged || domain === undefined) return 0;
      const { limits, credit } = domain;
      if (domain.memory >= limits.memory) return Number.POSITIVE_INFINITY;
      if (domain.outstanding >= limits.outstanding) return Number.POSITIVE_INFINITY;
      return credit.credit >= 0 ? 0 : writeRate.delayMs(credit);
    },
    expire: () => expire(state),
    nextDeadlineMs: () => state.dueMs,
    introduce: (domid) => must(introduceDomain(state, domid, nothing, () => {})),
    release: (domid) => {
      const domain = state.domains.get(domid);
      if (domain !== undefined) destroyDomain(state, domain);
    },
    checkDomains: (status) => checkDomains(state, status),
    check: () => checkStore(state),
  };
}
