/**
 * A vchan as its user sees it: reads and writes that wait, an end, and a reason for it. One read
 * and one write at a time; whoever waits is woken by the event and by nothing else.
 */

import { assert } from '../core/assert.ts';
import { type Failure, fail, ok, type Result } from '../core/result.ts';
import { BROKEN } from '../core/ring-moves.ts';
import type { Events } from '../platform/events.ts';
import { CLOSED, LEFT, peerHasCome, peerIsThere } from './end.ts';
import type { OpenedVchan } from './opened.ts';
import { readVchan, recvVchan, sendVchan, writeVchan } from './stream.ts';

export interface Vchan {
  /** Bytes of the ring that we read from, and of the one that we write into. */
  readonly readBytes: number;
  readonly writeBytes: number;
  /** Waits for 1 byte or more, into `into`: how many, 0 once the other end has left. */
  read(into: Uint8Array): Promise<Result<number>>;
  /** Waits until all bytes are in the ring. EPIPE once the other end has left. */
  write(bytes: Uint8Array): Promise<Result<void>>;
  /** Waits for as many bytes as `into` has: true, or false once they cannot come any more. */
  recv(into: Uint8Array): Promise<Result<boolean>>;
  /** Waits until the ring has room for the whole packet. E2BIG if it never has. */
  send(packet: Uint8Array): Promise<Result<void>>;
  /** When a client has come, or the end. At once for a client. */
  readonly joined: Promise<void>;
  /**
   * Why it ended, when it does: EPIPE when the other end has left (what it has written can still be
   * read), EPROTO when it lied, ENOTCONN when we closed.
   */
  readonly ended: Promise<Failure>;
  /**
   * The other end is gone without having said so, as a domain that was destroyed: what it has
   * written can still be read.
   */
  lose(): void;
  /** Lets go of everything; whoever waits fails with the reason. Twice is no error. */
  close(why?: Failure): void;
}

/** A read or write that waits: tries again, and says whether it is done. */
interface Waiter {
  attempt(): boolean;
  fail(why: Failure): void;
}

interface State {
  readonly opened: OpenedVchan;
  /** `the client in domain 3`, for messages. */
  readonly peer: string;
  reader: Waiter | undefined;
  writer: Waiter | undefined;
  /** Once nothing is mapped any more. */
  released: Failure | undefined;
  tellEnd: (why: Failure) => void;
  tellJoined: () => void;
}

/**
 * The other end has left, for good: whoever finds the page now finds that we have, too, and nobody
 * goes on in its place.
 */
function gone({ opened, peer, tellEnd }: State): Failure {
  const { end } = opened;
  end.isLost = true;
  Atomics.store(end.control.bytes, end.ownLive, LEFT);
  const why: Failure = { errno: 'EPIPE', what: `${peer} has left` };
  tellEnd(why);
  return why;
}

function release(state: State, why: Failure): void {
  if (state.released !== undefined) return;
  state.released = why;
  state.opened.release();
  const { reader, writer } = state;
  state.reader = state.writer = undefined;
  state.tellEnd(why);
  state.tellJoined();
  reader?.fail(why);
  writer?.fail(why);
}

/** The other end's indices are impossible: nothing it says can be trusted any more. */
function broken(state: State): Failure {
  const why: Failure = { errno: 'EPROTO', what: `${state.peer} has made impossible indices` };
  release(state, why);
  return why;
}

/** What to do at each event: first the mask, so that what comes meanwhile is another event. */
function heard(state: State, events: Events): void {
  if (state.released !== undefined) return;
  events.unmask(state.opened.port);
  look(state);
}

/** Lets those go on who wait, if they can. */
function look(state: State): void {
  const { end } = state.opened;
  if (peerHasCome(end)) state.tellJoined();
  const { reader, writer } = state;
  if (reader?.attempt() === true && state.reader === reader) state.reader = undefined;
  if (writer?.attempt() === true && state.writer === writer) state.writer = undefined;
  if (state.released === undefined && !peerIsThere(end)) gone(state);
}

/**
 * Does `step` until it says that it is done, now or at events: a value, or undefined to wait.
 */
function waitFor<T>(
  state: State,
  side: 'reader' | 'writer',
  step: () => Result<T> | undefined,
): Promise<Result<T>> {
  assert(state[side] === undefined, `a vchan has two ${side}s`);
  if (state.released !== undefined) return Promise.resolve({ ok: false, error: state.released });
  const now = step();
  if (now !== undefined) return Promise.resolve(now);
  return new Promise((resolve) => {
    state[side] = {
      attempt: () => {
        const result = step();
        if (result !== undefined) resolve(result);
        return result !== undefined;
      },
      fail: (error) => resolve({ ok: false, error }),
    };
  });
}

/** A failure in place of a count, or undefined for a count. */
function failureOf(state: State, count: number): { ok: false; error: Failure } | undefined {
  if (count === BROKEN) return { ok: false, error: broken(state) };
  return count === CLOSED ? { ok: false, error: gone(state) } : undefined;
}

function reads(state: State): Pick<Vchan, 'read' | 'recv'> {
  const { end } = state.opened;
  return {
    read: (into) => {
      assert(into.length > 0, 'a read of no bytes');
      return waitFor(state, 'reader', () => {
        const count = readVchan(end, into, 0, into.length);
        if (count > 0) return ok(count);
        if (count === 0) return undefined;
        const failure = failureOf(state, count);
        return count === CLOSED || failure === undefined ? ok(0) : failure;
      });
    },
    recv: (into) => {
      if (into.length > end.read.size) {
        const what = `a packet of ${into.length} bytes in a ring of ${end.read.size}`;
        return Promise.resolve(fail('E2BIG', what));
      }
      return waitFor(state, 'reader', () => {
        const count = recvVchan(end, into, 0, into.length);
        if (count > 0) return ok(true);
        if (count === 0) return undefined;
        const failure = failureOf(state, count);
        return count === CLOSED || failure === undefined ? ok(false) : failure;
      });
    },
  };
}

function writes(state: State): Pick<Vchan, 'write' | 'send'> {
  const { end } = state.opened;
  return {
    write: (bytes) => {
      let done = 0;
      return waitFor(state, 'writer', () => {
        while (done < bytes.length) {
          const count = writeVchan(end, bytes, done, bytes.length);
          if (count === 0) return undefined;
          if (count < 0) return failureOf(state, count);
          done += count;
        }
        return ok();
      });
    },
    send: (packet) => {
      if (packet.length > end.write.size) {
        const what = `a packet of ${packet.length} bytes in a ring of ${end.write.size}`;
        return Promise.resolve(fail('E2BIG', what));
      }
      return waitFor(state, 'writer', () => {
        const count = packet.length === 0 ? 1 : sendVchan(end, packet, 0, packet.length);
        if (count === 0) return undefined;
        return failureOf(state, count) ?? ok();
      });
    },
  };
}

/** Takes over an end that was opened. `peer` names the other one in failures. */
export function createVchan(events: Events, opened: OpenedVchan, peer: string): Vchan {
  let tellEnd: (why: Failure) => void = () => {};
  let tellJoined: () => void = () => {};
  const ended = new Promise<Failure>((tell) => {
    tellEnd = tell;
  });
  const joined = new Promise<void>((tell) => {
    tellJoined = tell;
  });
  const { end, port } = opened;
  const state: State = {
    ...{ opened, peer, tellEnd, tellJoined },
    ...{ reader: undefined, writer: undefined, released: undefined },
  };
  if (!end.isServer) tellJoined();
  events.listen(port, () => heard(state, events));
  return {
    readBytes: end.read.size,
    writeBytes: end.write.size,
    ...reads(state),
    ...writes(state),
    joined,
    ended,
    lose: () => {
      end.isLost = true;
      if (state.released === undefined) look(state);
    },
    close: (why = { errno: 'ENOTCONN', what: 'this end closed the vchan' }) => release(state, why),
  };
}
