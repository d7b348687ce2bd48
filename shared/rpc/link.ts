/**
 * One connection, the same at both ends: messages out of bytes and into them, a greeting first, and
 * an end with a reason for whoever breaks the rules, is too slow, or reads nothing.
 */

import type { Failure, Result } from '../core/result.ts';
import { ok } from '../core/result.ts';
import type { BytePipe } from '../platform/byte-pipe.ts';
import type { Clock } from '../platform/clock.ts';
import { decodeMessage, encodeMessage } from './codec.ts';
import { createFrames } from './frames.ts';
import {
  HELLO_MS,
  LAST_WORDS_MS,
  MESSAGE_MS,
  READ_BYTES,
  WAITING_MAX,
  WRITE_MS,
} from './limits.ts';
import { type Message, RPC_VERSION, shortened, toMessage, toValue } from './messages.ts';

type Hello = Extract<Message, { kind: 'hello' }>;
type Later = Exclude<Message, { kind: 'hello' | 'bye' }>;

export interface LinkOptions {
  readonly pipe: BytePipe;
  readonly clock: Clock;
  readonly service: string;
  readonly version: number;
  /** The greeting has come, and is as it should be. */
  greeted(): void;
  /** Every message after it. A failure ends the connection. */
  heard(message: Later): Failure | undefined;
  /** Once. */
  ended(why: Failure): void;
}

export interface Link {
  /** Queues a message; ignored once the connection has ended. E2BIG. */
  send(message: Message): Result<void>;
  /** Ends it; the other end is told why, if it takes in a word now. */
  end(why: Failure): void;
}

interface State extends LinkOptions {
  readonly waiting: Uint8Array[];
  waitingBytes: number;
  isWriting: boolean;
  isGreeted: boolean;
  /** The other end takes nothing more. */
  isMute: boolean;
  hasEnded: boolean;
  /** Goes on reading, once there is room for replies. */
  drained: (() => void) | undefined;
  readonly timers: Set<() => void>;
  /** Takes back the end of an end that lingers. */
  lingers: (() => void) | undefined;
}

/** Ends the connection after so long, unless what it returns is called before. */
function within(state: State, ms: number, what: string): () => void {
  const cancel = state.clock.after(ms, () => {
    state.timers.delete(stop);
    end(state, { errno: 'ETIMEDOUT', what: `${what} after ${ms / 1000} s` });
  });
  const stop = (): void => {
    state.timers.delete(stop);
    cancel();
  };
  state.timers.add(stop);
  return stop;
}

/**
 * Ends the connection. An end that is still there is told why, and read, unheard, until it goes: a
 * socket that is closed over what it has not read takes back what it has written.
 */
function end(state: State, why: Failure, isGone = false): void {
  if (state.hasEnded) return;
  state.hasEnded = true;
  const { pipe, clock, isWriting, isMute } = state;
  for (const stop of [...state.timers]) stop();
  state.waiting.length = 0;
  const bye = encodeMessage(toValue({ kind: 'bye', ...why, what: shortened(why.what) }));
  // What is under way is a message that stays half: nothing can follow it.
  if (isGone || isWriting || isMute || !bye.ok) pipe.close(why);
  else {
    void pipe.write(bye.value);
    state.lingers = clock.after(LAST_WORDS_MS, () => pipe.close(why));
  }
  state.drained?.();
  state.ended(why);
}

async function writeAll(state: State): Promise<void> {
  if (state.isWriting) return;
  state.isWriting = true;
  for (let next = state.waiting.shift(); next !== undefined; next = state.waiting.shift()) {
    const stop = within(state, WRITE_MS, 'the other end has not read a message');
    const written = await state.pipe.write(next);
    stop();
    if (state.hasEnded) return;
    if (!written.ok) {
      // Whoever takes no more may have said why: what it has written is read first.
      state.isMute = true;
      state.waiting.length = 0;
      state.drained?.();
      within(state, LAST_WORDS_MS, written.error.what);
      return;
    }
    state.waitingBytes -= next.length;
    if (state.waitingBytes <= WAITING_MAX) state.drained?.();
  }
  state.isWriting = false;
}

function send(state: State, message: Message): Result<void> {
  if (state.hasEnded || state.isMute) return ok();
  const encoded = encodeMessage(toValue(message));
  if (!encoded.ok) return encoded;
  state.waiting.push(encoded.value);
  state.waitingBytes += encoded.value.length;
  void writeAll(state);
  return ok();
}

function greetingFault({ rpc, service, version }: Hello, ours: LinkOptions): Failure | undefined {
  const words = `${service} version ${version}, messages of version ${rpc}`;
  if (rpc === RPC_VERSION && service === ours.service && version === ours.version) return undefined;
  const wanted = `${ours.service} version ${ours.version}, messages of version ${RPC_VERSION}`;
  return { errno: 'EPROTO', what: `the other end speaks ${shortened(words)}, this one ${wanted}` };
}

/** What to do with one message; a failure ends the connection. */
function take(state: State, bytes: Uint8Array, greeted: () => void): Failure | undefined {
  const value = decodeMessage(bytes);
  if (!value.ok) return value.error;
  const message = toMessage(value.value);
  if (!message.ok) return message.error;
  const said = message.value;
  if (said.kind === 'bye') {
    end(state, { errno: said.errno, what: `the other end says: ${said.what}` }, true);
    return undefined;
  }
  if (said.kind !== 'hello') {
    if (state.isGreeted) return state.heard(said);
    return { errno: 'EPROTO', what: `${said.kind} before the greeting` };
  }
  if (state.isGreeted) return { errno: 'EPROTO', what: 'a second greeting' };
  const fault = greetingFault(said, state);
  if (fault !== undefined) return fault;
  state.isGreeted = true;
  greeted();
  state.greeted();
  return undefined;
}

async function readAll(state: State): Promise<void> {
  const frames = createFrames();
  const chunk = new Uint8Array(READ_BYTES);
  const stopHello = within(state, HELLO_MS, 'no greeting');
  let stopMessage: (() => void) | undefined;
  let whole = 0;
  const onMessage = (bytes: Uint8Array): void => {
    whole++;
    if (state.hasEnded) return;
    const why = take(state, bytes, stopHello);
    if (why !== undefined) end(state, why);
  };
  for (;;) {
    const count = await state.pipe.read(chunk);
    if (!count.ok || count.value === 0) {
      const cut = frames.isAmid()
        ? 'it ended in the middle of a message'
        : 'the other end has left';
      end(state, count.ok ? { errno: 'EPIPE', what: cut } : count.error, true);
      state.lingers?.();
      state.pipe.close();
      return;
    }
    if (state.hasEnded) continue;
    const before = whole;
    const fault = frames.take(chunk, count.value, onMessage);
    if (fault !== undefined) {
      end(state, { errno: 'EPROTO', what: fault });
      continue;
    }
    if (whole > before || !frames.isAmid()) {
      stopMessage?.();
      stopMessage = undefined;
    }
    if (frames.isAmid() && !state.hasEnded) {
      stopMessage ??= within(state, MESSAGE_MS, 'half a message');
    }
    // A peer that asks and does not read the answers is asked to wait, by reading no more.
    while (state.waitingBytes > WAITING_MAX && !state.isMute && !state.hasEnded) {
      await new Promise<void>((resolve) => {
        state.drained = resolve;
      });
    }
  }
}

/** Tells who is not served why, and ends the connection, as `end` does. */
export async function sendAway(clock: Clock, pipe: BytePipe, why: Failure): Promise<void> {
  const bye = encodeMessage(toValue({ kind: 'bye', ...why, what: shortened(why.what) }));
  const stop = clock.after(LAST_WORDS_MS, () => pipe.close(why));
  if (bye.ok) await pipe.write(bye.value);
  const chunk = new Uint8Array(READ_BYTES);
  for (let count = await pipe.read(chunk); count.ok && count.value > 0; ) {
    count = await pipe.read(chunk);
  }
  stop();
  pipe.close(why);
}

/** Greets at once. Takes the pipe: nobody else may read from it or write to it. */
export function openLink(options: LinkOptions): Link {
  const state: State = {
    ...options,
    ...{ waiting: [], waitingBytes: 0, isWriting: false, isGreeted: false, hasEnded: false },
    ...{ isMute: false, drained: undefined, timers: new Set(), lingers: undefined },
  };
  const { service, version } = options;
  send(state, { kind: 'hello', rpc: RPC_VERSION, service, version });
  void readAll(state);
  return {
    send: (message) => send(state, message),
    end: (why) => end(state, why),
  };
}
