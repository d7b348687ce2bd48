/**
 * The end that asks. It outlives its connections: a service that was started anew looks like a slow
 * one.
 */

import type { Errno } from '../core/errno.ts';
import { type Failure, fail, ok, type Result } from '../core/result.ts';
import type { BytePipe } from '../platform/byte-pipe.ts';
import type { Clock } from '../platform/clock.ts';
import {
  type ArgsOf,
  type CallsOf,
  type Contract,
  findOp,
  type ItemOf,
  type Op,
  type Ops,
  type ReplyOf,
  type StreamsOf,
} from './contract.ts';
import { CALL_MS, CALLS_MAX, RETRY_MOST_MS, RETRY_MS } from './limits.ts';
import { openLink } from './link.ts';
import { answered, type Calls, type Pending, sendCall, settle } from './pending.ts';
import { createStreamQueue, type RpcStream, type StreamQueue } from './stream.ts';

export interface RpcClientOptions {
  connect(): Promise<Result<BytePipe>>;
  readonly clock: Clock;
  /** Calls wait for a service that is not there, until their time is up; else they fail at once. */
  readonly isPatient: boolean;
}

export interface CallOptions {
  /** CALL_MS if it is not said; of a stream, until its end. */
  readonly timeoutMs?: number;
}

export interface RpcCall<R> {
  readonly result: Promise<Result<R>>;
  /** Its result is EINTR then, unless it has one; the service may have done it all the same. */
  cancel(): void;
}

export interface RpcClient<O extends Ops> {
  /**
   * Asks, and waits. A call that was sent when its connection was lost is sent again if its op is
   * idempotent, else it fails with EPIPE: whether it was done is unknown.
   */
  call<K extends CallsOf<O>>(
    op: K,
    args: ArgsOf<O[K]>,
    options?: CallOptions,
  ): Promise<Result<ReplyOf<O[K]>>>;
  /** The same, to be cancelled. */
  start<K extends CallsOf<O>>(
    op: K,
    args: ArgsOf<O[K]>,
    options?: CallOptions,
  ): RpcCall<ReplyOf<O[K]>>;
  /** Items until the service ends it, or the connection is lost. */
  stream<K extends StreamsOf<O>>(
    op: K,
    args: ArgsOf<O[K]>,
    options?: CallOptions,
  ): RpcStream<ItemOf<O[K]>>;
  /** Whatever is under way fails with ENOTCONN. */
  close(): void;
}

interface State extends RpcClientOptions, Calls {
  isReady: boolean;
  isClosed: boolean;
  /** Why there is no connection. */
  why: string;
  wake: (() => void) | undefined;
}

/** Errors of a greeting: to try again would end the same way. */
const REFUSALS: readonly Errno[] = ['EPROTO', 'EACCES'];

function lost(state: State, why: Failure): void {
  const wasReady = state.isReady;
  state.link = undefined;
  state.isReady = false;
  state.why = why.what;
  const isRefused = !wasReady && REFUSALS.includes(why.errno);
  for (const call of [...state.pending.values()]) {
    const again = !call.isSent || ('isIdempotent' in call.op && call.op.isIdempotent === true);
    if (isRefused || state.isClosed) settle(state, call, { ok: false, error: why });
    else if (again) call.isSent = false;
    else settle(state, call, fail('EPIPE', `${call.name}: the connection was lost: ${why.what}`));
  }
}

/** One connection, until it ends. Whether it was greeted. */
function serveOnce(state: State, pipe: BytePipe): Promise<boolean> {
  return new Promise((resolve) => {
    const { clock, contract } = state;
    let wasReady = false;
    state.link = openLink({
      ...{ pipe, clock, service: contract.service, version: contract.version },
      greeted: () => {
        wasReady = state.isReady = true;
        for (const call of state.pending.values()) sendCall(state, call);
      },
      heard: (message) => answered(state, message),
      ended: (why) => {
        lost(state, why);
        resolve(wasReady);
      },
    });
  });
}

async function keepConnected(state: State): Promise<void> {
  let pauseMs = RETRY_MS;
  while (!state.isClosed) {
    // Nobody asks: nobody is disturbed.
    if (state.pending.size === 0) {
      await new Promise<void>((resolve) => {
        state.wake = resolve;
      });
      continue;
    }
    const pipe = await state.connect();
    if (pipe.ok && state.isClosed) pipe.value.close();
    else if (pipe.ok && (await serveOnce(state, pipe.value))) pauseMs = RETRY_MS;
    else if (!pipe.ok) {
      state.why = pipe.error.what;
      if (!state.isPatient) {
        for (const call of [...state.pending.values()]) settle(state, call, pipe);
      }
    }
    if (state.isClosed || state.pending.size === 0) continue;
    await state.clock.sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 2, RETRY_MOST_MS);
  }
}

interface Asked {
  readonly name: string;
  readonly args: unknown;
  readonly timeoutMs: number;
  readonly queue?: StreamQueue<unknown>;
  settle(result: Result<unknown>): void;
}

/** What is to be sent, or why nothing is. */
function lookedAt(
  { contract, pending, isClosed }: State,
  { name, args }: Asked,
): Result<{ readonly op: Op; readonly args: unknown }> {
  if (isClosed) return fail('ENOTCONN', 'this end closed the connection');
  const op = findOp(contract, name);
  if (op === undefined) return fail('ENOSYS', `${contract.service} has no ${name}`);
  const read = op.args.read(args, 'args');
  if (!read.ok) return fail('EINVAL', `${name}: ${read.fault}`);
  if (pending.size >= CALLS_MAX) return fail('EAGAIN', `${CALLS_MAX} calls are under way`);
  return ok({ op, args: read.value });
}

/** Notes a call and sends it when that can be; its number, 0 if it has failed at once. */
function ask(state: State, asked: Asked): number {
  const { name, timeoutMs, queue, settle: tell } = asked;
  const looked = lookedAt(state, asked);
  if (!looked.ok) {
    tell(looked);
    return 0;
  }
  state.lastId = state.lastId === 0xffffffff ? 1 : state.lastId + 1;
  const id = state.lastId;
  const cancelClock = state.clock.after(timeoutMs, () => {
    const where = state.isReady ? '' : `, no connection: ${state.why}`;
    giveUp(state, id, fail('ETIMEDOUT', `${name}: no answer after ${timeoutMs / 1000} s${where}`));
  });
  const call: Pending = {
    ...{ id, name, ...looked.value, isSent: false, queue },
    dueMs: state.clock.nowMs() + timeoutMs,
    settle: (result) => {
      cancelClock();
      tell(result);
    },
  };
  state.pending.set(id, call);
  if (state.isReady) sendCall(state, call);
  state.wake?.();
  return id;
}

function giveUp(state: State, id: number, why: Result<unknown>): void {
  const call = state.pending.get(id);
  if (call === undefined) return;
  if (call.isSent) state.link?.send({ kind: 'cancel', id });
  settle(state, call, why);
}

/** Days enough for a stream that nobody limits. */
const STREAM_MS = 86_400_000;

/** Connects when somebody asks. */
export function createRpcClient<O extends Ops>(
  contract: Contract<O>,
  options: RpcClientOptions,
): RpcClient<O> {
  const state: State = {
    ...options,
    contract,
    ...{ pending: new Map(), link: undefined, isReady: false, isClosed: false, lastId: 0 },
    ...{ why: 'there was none yet', wake: undefined },
  };
  void keepConnected(state);
  const start: RpcClient<O>['start'] = (name, args, { timeoutMs = CALL_MS } = {}) => {
    type R = ReplyOf<O[typeof name]>;
    let id = 0;
    const result = new Promise<Result<R>>((resolve) => {
      // The reply was read by the op's own description.
      const settle = (settled: Result<unknown>): void => resolve(settled as Result<R>);
      id = ask(state, { name, args, timeoutMs, settle });
    });
    return { result, cancel: () => giveUp(state, id, fail('EINTR', `${name}: cancelled`)) };
  };
  const stream: RpcClient<O>['stream'] = (name, args, { timeoutMs = STREAM_MS } = {}) => {
    type I = ItemOf<O[typeof name]>;
    let id = 0;
    const queue = createStreamQueue<unknown>(
      (count) => void state.link?.send({ kind: 'more', id, count }),
      () => giveUp(state, id, ok()),
    );
    const settle = (result: Result<unknown>): void =>
      queue.end(result.ok ? undefined : result.error);
    id = ask(state, { name, args, timeoutMs, queue, settle });
    return queue.stream as RpcStream<I>;
  };
  return {
    start,
    stream,
    call: (name, args, how) => start(name, args, how).result,
    close: () => {
      const why: Failure = { errno: 'ENOTCONN', what: 'this end closed the connection' };
      state.isClosed = true;
      state.link?.end(why);
      lost(state, why);
      state.wake?.();
    },
  };
}
