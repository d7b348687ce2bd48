/**
 * A client that outlives its connections: a store that was killed and started anew, or that stands
 * still for a while, looks to its users like a slow one, and never like a missing node.
 */

import type { Failure, Result } from '../core/result.ts';
import { fail, ok } from '../core/result.ts';
import type { Clock } from '../platform/clock.ts';
import type { XenstoreTransport } from '../platform/xenstore.ts';
import { createXenstoreClient, type XenstoreClient } from './client.ts';
import type { Nodes } from './nodes.ts';
import type { TransactionOptions } from './transaction.ts';
import { createWatchQueue, type Watch, type WatchQueue } from './watch-queue.ts';

/** From the first attempt to connect anew to the next one; twice that after each. */
const RETRY_MS = 50;
const RETRY_MOST_MS = 2000;

export interface SessionOptions {
  connect(): Promise<Result<XenstoreTransport>>;
  readonly clock: Clock;
  /** How long a request may take, with all that is done for it; then it fails with ETIMEDOUT. */
  readonly deadlineMs: number;
  /**
   * Between questions whether the store still knows us, where a connection does not tell of its
   * loss: behind a ring.
   */
  readonly askMs?: number;
}

/**
 * What was asked of a connection that was lost is asked again of the next one: each operation may
 * be done twice, the body of a transaction, too.
 */
export interface XenstoreSession extends Nodes {
  /**
   * As a client's, over all connections: with each new one the watched path has an event. Ends when
   * the store refuses it, or when the session is closed.
   */
  watch(path: string): Watch;
  /**
   * The node's value, undefined for none, once `accepts` says yes to it; ETIMEDOUT after
   * `timeoutMs`.
   */
  waitFor(
    path: string,
    accepts: (value: string | undefined) => boolean,
    timeoutMs: number,
  ): Promise<Result<string | undefined>>;
  transaction<T>(
    body: (tx: Nodes) => Promise<Result<T>>,
    options?: TransactionOptions,
  ): Promise<Result<T>>;
  close(): void;
}

interface Held {
  readonly path: string;
  readonly queue: WatchQueue;
  /** Of the connection that there is. */
  current: Watch | undefined;
}

interface State extends SessionOptions {
  client: XenstoreClient | undefined;
  /** Why there is no connection. */
  failure: Failure;
  isClosed: boolean;
  readonly held: Set<Held>;
  /** Told of each new connection, and of the end. */
  readonly waiters: Set<() => void>;
}

function wake({ waiters }: State): void {
  for (const waiter of waiters) waiter();
}

/** Registers a watch on a connection, and hands on its events while both last. */
async function forward(state: State, held: Held, client: XenstoreClient): Promise<void> {
  let watch = await client.watch(held.path);
  // A store that stands still has not refused it.
  while (!watch.ok && watch.error.errno === 'ETIMEDOUT' && state.held.has(held)) {
    watch = await client.watch(held.path);
  }
  if (!watch.ok) {
    if (client.lost() !== undefined) return;
    state.held.delete(held);
    held.queue.end(watch.error);
  } else if (state.held.has(held)) {
    held.current = watch.value;
    for await (const path of watch.value) held.queue.push(path);
  } else await watch.value.return();
}

/** Questions that may be unanswered: of a store that ended the last ones never are. */
const QUESTIONS_MAX = 4;

/** Ends a connection that the store knows nothing of any more. */
function askOften({ clock, askMs }: SessionOptions, client: XenstoreClient): void {
  if (askMs === undefined) return;
  let asked = 0;
  const ask = async (): Promise<void> => {
    if (client.lost() !== undefined) return;
    clock.after(askMs, () => void ask());
    if (asked >= QUESTIONS_MAX) return;
    asked++;
    const isKnown = await client.isKnown();
    asked--;
    if (isKnown === false) client.close();
  };
  void ask();
}

/** Connects, again and again, until the session is closed. */
async function keepConnected(state: State): Promise<void> {
  const { clock, deadlineMs, connect } = state;
  let pauseMs = RETRY_MS;
  while (!state.isClosed) {
    const transport = await connect();
    if (transport.ok) {
      pauseMs = RETRY_MS;
      const client = createXenstoreClient(transport.value, { clock, deadlineMs });
      state.client = client;
      if (state.isClosed) client.close();
      for (const held of state.held) void forward(state, held, client);
      askOften(state, client);
      wake(state);
      state.failure = await client.whenLost();
      state.client = undefined;
    } else state.failure = transport.error;
    if (state.isClosed) return;
    await clock.sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 2, RETRY_MOST_MS);
  }
}

/** Until there is a connection, the session is closed, or time is up. */
async function linked(state: State, due: number): Promise<Result<XenstoreClient>> {
  const { clock, waiters } = state;
  for (;;) {
    if (state.isClosed) return fail('ENOTCONN', 'this end closed the connection');
    if (state.client?.lost() === undefined && state.client !== undefined) return ok(state.client);
    const leftMs = due - clock.nowMs();
    if (leftMs <= 0) return fail('ETIMEDOUT', `no connection to the store: ${state.failure.what}`);
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        cancel();
        waiters.delete(wake);
        resolve();
      };
      const cancel = clock.after(leftMs, wake);
      waiters.add(wake);
    });
  }
}

async function run<T>(
  state: State,
  operation: (client: XenstoreClient) => Promise<Result<T>>,
): Promise<Result<T>> {
  const due = state.clock.nowMs() + state.deadlineMs;
  for (;;) {
    const client = await linked(state, due);
    if (!client.ok) return client;
    const result = await operation(client.value);
    if (result.ok || client.value.lost() === undefined) return result;
  }
}

function watch(state: State, path: string): Watch {
  const queue = createWatchQueue(path, async () => {
    state.held.delete(held);
    await held.current?.return();
  });
  const held: Held = { path, queue, current: undefined };
  if (state.isClosed) queue.end({ errno: 'ENOTCONN', what: 'this end closed the connection' });
  else {
    state.held.add(held);
    if (state.client !== undefined) void forward(state, held, state.client);
  }
  return queue.watch;
}

type Accepts = (value: string | undefined) => boolean;

/** The node's value, undefined for none; asked again while the store stands still. */
async function nodeValue(
  session: Pick<XenstoreSession, 'readString'>,
  path: string,
  isOver: () => boolean,
): Promise<Result<string | undefined>> {
  for (;;) {
    const value = await session.readString(path);
    if (value.ok) return value;
    if (value.error.errno === 'ENOENT') return ok(undefined);
    if (value.error.errno !== 'ETIMEDOUT' || isOver()) return value;
  }
}

async function waitFor(
  session: Pick<XenstoreSession, 'watch' | 'readString'>,
  clock: Clock,
  path: string,
  accepts: Accepts,
  timeoutMs: number,
): Promise<Result<string | undefined>> {
  const events = session.watch(path);
  let isOver = false;
  const end = (): void => {
    isOver = true;
    void events.return();
  };
  const cancel = clock.after(timeoutMs, end);
  try {
    for await (const _ of events) {
      const value = await nodeValue(session, path, () => isOver);
      if (!value.ok ? value.error.errno !== 'ETIMEDOUT' : accepts(value.value)) return value;
    }
  } finally {
    cancel();
  }
  const failure = events.failure();
  if (failure !== undefined) return { ok: false, error: failure };
  return fail('ETIMEDOUT', `${path}: not what is waited for after ${timeoutMs / 1000} s`);
}

/** Connects at once and stays connected until it is closed. */
export function openXenstoreSession(options: SessionOptions): XenstoreSession {
  const state: State = {
    ...options,
    client: undefined,
    failure: { errno: 'ENOTCONN', what: 'not connected yet' },
    isClosed: false,
    held: new Set(),
    waiters: new Set(),
  };
  void keepConnected(state);
  const session: XenstoreSession = {
    read: (path) => run(state, (client) => client.read(path)),
    readString: (path) => run(state, (client) => client.readString(path)),
    directory: (path) => run(state, (client) => client.directory(path)),
    exists: (path) => run(state, (client) => client.exists(path)),
    write: (path, value) => run(state, (client) => client.write(path, value)),
    writeAll: (nodes) => run(state, (client) => client.writeAll(nodes)),
    mkdir: (path) => run(state, (client) => client.mkdir(path)),
    rm: (path) => run(state, (client) => client.rm(path)),
    getPerms: (path) => run(state, (client) => client.getPerms(path)),
    setPerms: (path, permissions) => run(state, (client) => client.setPerms(path, permissions)),
    watch: (path) => watch(state, path),
    waitFor: (path, accepts, timeoutMs) =>
      waitFor(session, options.clock, path, accepts, timeoutMs),
    transaction: (body, how) => run(state, (client) => client.transaction(body, how)),
    close: () => {
      state.isClosed = true;
      state.client?.close();
      for (const { queue } of state.held) queue.end();
      state.held.clear();
      wake(state);
    },
  };
  return session;
}
