/** The end that answers: connections of peers that may, their calls, and what becomes of them. */

import { type Failure, fail, ok, type Result } from '../core/result.ts';
import type { BytePipe, PeerIdentity } from '../platform/byte-pipe.ts';
import type { Clock } from '../platform/clock.ts';
import { type AccessRules, mayCall, mayConnect, peerName } from './access.ts';
import {
  type ArgsOf,
  type CallsOf,
  type Contract,
  findOp,
  type ItemOf,
  mayFailWith,
  type Op,
  type Ops,
  type ReplyOf,
  type StreamsOf,
} from './contract.ts';
import { CALLS_MAX, CONNECTIONS_MAX, STREAM_WINDOW } from './limits.ts';
import { type Link, openLink, sendAway } from './link.ts';
import { type Message, shortened } from './messages.ts';

/** What a handler knows of its call. */
export interface CallContext {
  readonly peer: PeerIdentity;
  /** Nobody waits for it any more: cancelled, out of time, or the connection is gone. */
  isOver(): boolean;
  /** Calls `run` when that is so; at once if it is already. */
  onOver(run: () => void): void;
}

/** Hands on an item, when there is room for it; false once nobody wants any more. */
type Emit<I> = (item: I) => Promise<boolean>;

export type Handlers<O extends Ops> = {
  readonly [K in CallsOf<O>]: (
    args: ArgsOf<O[K]>,
    call: CallContext,
  ) => Promise<Result<ReplyOf<O[K]>>>;
} & {
  readonly [K in StreamsOf<O>]: (
    args: ArgsOf<O[K]>,
    call: CallContext,
    emit: Emit<ItemOf<O[K]>>,
  ) => Promise<Result<void>>;
};

export interface RpcServerOptions {
  readonly clock: Clock;
  readonly rules: AccessRules;
  /** A line about what was refused or is broken. */
  report(line: string): void;
}

export interface RpcServer {
  /** Serves a connection until it ends. */
  accept(pipe: BytePipe, peer: PeerIdentity): void;
  /** Ends all connections. */
  close(): void;
}

/** Any handler: what it is given was looked at by its op's description. */
type Handler = (args: unknown, call: CallContext, emit: Emit<unknown>) => Promise<Result<unknown>>;

interface Call {
  readonly id: number;
  readonly name: string;
  readonly op: Op;
  /** Why nobody waits for it any more. */
  over: Failure | undefined;
  readonly overs: (() => void)[];
  /** Items that the other end has asked for and not got. */
  credit: number;
  credited: (() => void) | undefined;
  stopClock: () => void;
}

interface Connection {
  readonly contract: Contract;
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly options: RpcServerOptions;
  readonly peer: PeerIdentity;
  readonly calls: Map<number, Call>;
  link: Link | undefined;
}

function failed({ link }: Connection, id: number, { errno, what }: Failure): void {
  link?.send({ kind: 'failed', id, errno, what: shortened(what) });
}

function makeOver(call: Call, why: Failure): void {
  if (call.over !== undefined) return;
  call.over = why;
  call.stopClock();
  for (const run of call.overs.splice(0)) run();
  call.credited?.();
}

/** What the service itself does wrong: its caller hears no more than that. */
function ownFault(connection: Connection, call: Call, what: string): Failure {
  connection.options.report(`${connection.contract.service}.${call.name}: ${what}`);
  return { errno: 'EIO', what: `${call.name}: the service has made a mistake` };
}

function emitOf(connection: Connection, call: Call): Emit<unknown> {
  return async (item) => {
    const { op } = call;
    while (call.credit === 0 && call.over === undefined) {
      await new Promise<void>((resolve) => {
        call.credited = resolve;
      });
    }
    if (call.over !== undefined || !('item' in op)) return false;
    call.credit--;
    const read = op.item.read(item, 'item');
    const message: Message = { kind: 'item', id: call.id, value: read.ok ? read.value : null };
    const sent = read.ok ? connection.link?.send(message) : fail('EINVAL', read.fault);
    if (sent?.ok !== false) return true;
    const why = ownFault(connection, call, sent.error.what);
    failed(connection, call.id, why);
    makeOver(call, why);
    return false;
  };
}

/** The answer to a call whose handler is done. */
function answer(connection: Connection, call: Call, result: Result<unknown>): void {
  const { op, id } = call;
  const { link } = connection;
  if (!result.ok) {
    const { errno, what } = result.error;
    if (mayFailWith(op, errno)) failed(connection, id, result.error);
    else failed(connection, id, ownFault(connection, call, `it fails with ${errno}: ${what}`));
  } else if ('item' in op) link?.send({ kind: 'end', id });
  else {
    const read = op.reply.read(result.value, 'reply');
    const sent = read.ok
      ? link?.send({ kind: 'reply', id, value: read.value })
      : fail('EINVAL', read.fault);
    if (sent?.ok === false) failed(connection, id, ownFault(connection, call, sent.error.what));
  }
}

async function run(connection: Connection, call: Call, args: unknown): Promise<void> {
  const context: CallContext = {
    peer: connection.peer,
    isOver: () => call.over !== undefined,
    onOver: (then) => {
      if (call.over !== undefined) then();
      else call.overs.push(then);
    },
  };
  const handler = connection.handlers.get(call.name) as Handler;
  const result = await handler(args, context, emitOf(connection, call));
  connection.calls.delete(call.id);
  call.stopClock();
  if (call.over === undefined) answer(connection, call, result);
}

type CallMessage = Extract<Message, { kind: 'call' }>;

/** Begins a call, or says why not. A number that is taken ends the connection. */
function begin(
  connection: Connection,
  { id, op: name, args, ms }: CallMessage,
): Failure | undefined {
  const { contract, calls, options, peer } = connection;
  if (calls.has(id)) return { errno: 'EPROTO', what: `two calls have the number ${id}` };
  const refuse = (errno: Failure['errno'], what: string): undefined => {
    failed(connection, id, { errno, what });
  };
  const op = findOp(contract, name);
  if (op === undefined) return refuse('ENOSYS', `${contract.service} has no ${name}`);
  if (!mayCall(options.rules, peer, name)) {
    options.report(`${peerName(peer)} may not call ${contract.service}.${name}`);
    return refuse('EACCES', `${peerName(peer)} may not call ${name}`);
  }
  const read = op.args.read(args, 'args');
  if (!read.ok) return refuse('EINVAL', `${name}: ${read.fault}`);
  if (calls.size >= CALLS_MAX) return refuse('EAGAIN', `${CALLS_MAX} calls are under way`);
  const call: Call = {
    ...{ id, name, op, over: undefined, overs: [], credit: STREAM_WINDOW, credited: undefined },
    stopClock: options.clock.after(ms, () => {
      const why: Failure = { errno: 'ETIMEDOUT', what: `${name}: not done after ${ms / 1000} s` };
      failed(connection, id, why);
      makeOver(call, why);
    }),
  };
  calls.set(id, call);
  void run(connection, call, read.value);
  return undefined;
}

function heard(connection: Connection, message: Message): Failure | undefined {
  if (message.kind === 'call') return begin(connection, message);
  if (message.kind === 'cancel') {
    const call = connection.calls.get(message.id);
    if (call?.over === undefined && call !== undefined) {
      makeOver(call, { errno: 'EINTR', what: `${call.name}: cancelled` });
    }
    return undefined;
  }
  if (message.kind === 'more') {
    const call = connection.calls.get(message.id);
    if (call === undefined) return undefined;
    call.credit += message.count;
    if (call.credit > STREAM_WINDOW) return { errno: 'EPROTO', what: 'too many items asked for' };
    call.credited?.();
    return undefined;
  }
  return { errno: 'EPROTO', what: `${message.kind} from a client` };
}

/** Why a connection is not served, if it is not: nobody who may not gets to say a word. */
function refusalOf(
  { service }: Contract,
  { rules }: RpcServerOptions,
  connections: number,
  peer: PeerIdentity,
): Failure | undefined {
  if (!mayConnect(rules, peer)) {
    return { errno: 'EACCES', what: `${peerName(peer)} may not use ${service}` };
  }
  if (connections < CONNECTIONS_MAX) return undefined;
  return { errno: 'EAGAIN', what: `${service} has ${connections} connections already` };
}

/** Serves the contract by `handlers`. One that throws is a bug of the service, and ends it. */
export function createRpcServer<O extends Ops>(
  contract: Contract<O>,
  handlers: Handlers<O>,
  options: RpcServerOptions,
): RpcServer {
  const links = new Set<Link>();
  const byName = new Map(Object.entries<Handler>(handlers as Readonly<Record<string, Handler>>));
  const accept = (pipe: BytePipe, peer: PeerIdentity): void => {
    const refusal = refusalOf(contract, options, links.size, peer);
    if (refusal !== undefined) {
      options.report(refusal.what);
      void sendAway(options.clock, pipe, refusal);
      return;
    }
    const connection: Connection = {
      ...{ contract, handlers: byName, options, peer, calls: new Map(), link: undefined },
    };
    const link = openLink({
      ...{ pipe, clock: options.clock, service: contract.service, version: contract.version },
      greeted: () => {},
      heard: (message) => heard(connection, message),
      ended: (why) => {
        if (connection.link !== undefined) links.delete(connection.link);
        for (const call of connection.calls.values()) makeOver(call, why);
      },
    });
    connection.link = link;
    links.add(link);
  };
  return {
    accept,
    close: () => {
      for (const link of [...links]) link.end({ errno: 'ENOTCONN', what: 'the service ends' });
    },
  };
}

/** What a handler gives that has nothing to say. */
export const DONE: Result<undefined> = ok(undefined);
