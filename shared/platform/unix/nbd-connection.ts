/** One connection to a server of NBD: its handshake, and then bytes of requests and replies. */

import { connect, type Socket } from 'node:net';
import { type Failure, fail, type Result } from '../../core/result.ts';
import type { NbdExport } from '../../nbd/export.ts';
import { createHandshake } from '../../nbd/handshake.ts';
import type { NbdAddress } from '../../nbd/target.ts';
import type { Clock } from '../clock.ts';
import { reasonOf } from './reason.ts';

export interface NbdConnectionOptions {
  readonly address: NbdAddress;
  /** Bytes, a character each. */
  readonly exportName: string;
  readonly clock: Clock;
  /** Where what comes is put, of one connection at a time: none is made by piece. */
  readonly buffer: Uint8Array;
  /** Until the handshake has to have ended. */
  readonly handshakeMs: number;
  /** The handshake has ended: why this export is not wanted, if so. */
  readonly opened: (found: NbdExport) => Failure | undefined;
  /** Bytes have come, which are valid for this call: why the server is to be left, if so. */
  readonly received: (bytes: Uint8Array, start: number, end: number) => string | undefined;
  /** Told once, not from within `close`: it is over, and why. */
  readonly ended: (why: Failure) => void;
}

export interface NbdConnection {
  /** Sends bytes, which stay as they are until `sent` is called; one piece at a time. */
  send(bytes: Uint8Array, sent: () => void): void;
  /** Ends it, at once or when `last` is sent; nothing of it is told any more. */
  close(last?: Uint8Array): void;
}

/** Until a server that says nothing any more is asked whether it is there. */
const KEEP_ALIVE_MS = 10_000;

/** Until a server that was told of the end has to have hung up. */
const LINGER_MS = 1000;

interface State extends NbdConnectionOptions {
  readonly socket: Socket;
  readonly handshake: ReturnType<typeof createHandshake>;
  isOpen: boolean;
  isOver: boolean;
  cancel: () => void;
}

export const addressName = (address: NbdAddress): string =>
  'path' in address ? address.path : `${address.host}:${address.port}`;

function over(state: State, why: Failure): void {
  if (state.isOver) return;
  state.isOver = true;
  state.cancel();
  state.socket.destroy();
  state.ended(why);
}

/** Bytes of the handshake, and what comes behind them; why it is over, if so. */
function shake(state: State, bytes: Uint8Array, end: number): Failure | undefined {
  const { handshake, socket } = state;
  const rest = handshake.take(bytes, 0, end);
  const outgoing = handshake.takeOutgoing();
  if (outgoing.length > 0) socket.write(outgoing);
  const outcome: Result<NbdExport> | undefined = handshake.outcome();
  if (outcome === undefined) return undefined;
  if (!outcome.ok) return outcome.error;
  state.cancel();
  state.isOpen = true;
  const unwanted = state.opened(outcome.value);
  return unwanted ?? take(state, bytes, rest, end);
}

function take(state: State, bytes: Uint8Array, start: number, end: number): Failure | undefined {
  if (start === end) return undefined;
  const wrong = state.received(bytes, start, end);
  return wrong === undefined ? undefined : fail('EPROTO', wrong).error;
}

export function connectNbd(options: NbdConnectionOptions): NbdConnection {
  const { address, exportName, clock, buffer, handshakeMs } = options;
  const onread = {
    buffer,
    callback: (count: number, bytes: Uint8Array): boolean => {
      // What comes behind the end is read, and thrown away, so that its end is seen.
      if (state.isOver) return true;
      const why = state.isOpen ? take(state, bytes, 0, count) : shake(state, bytes, count);
      if (why !== undefined) over(state, why);
      return true;
    },
  };
  const socket = connect({ ...address, onread, noDelay: true });
  const state: State = {
    ...{ ...options, socket, handshake: createHandshake(exportName) },
    ...{ isOpen: false, isOver: false },
    cancel: clock.after(handshakeMs, () => {
      over(state, fail('ETIMEDOUT', 'it does not answer').error);
    }),
  };
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.on('error', (error) => {
    const { errno, words } = reasonOf(error);
    over(state, fail(errno, words).error);
  });
  socket.on('end', () => over(state, fail('EPIPE', 'it has hung up').error));
  socket.on('close', () => over(state, fail('EPIPE', 'it has hung up').error));
  return {
    send: (bytes, sent) => {
      if (!state.isOver) socket.write(bytes, () => sent());
    },
    close: (last) => {
      state.isOver = true;
      state.cancel();
      if (last === undefined || socket.connecting) {
        socket.destroy();
        return;
      }
      socket.end(last);
      const cancel = clock.after(LINGER_MS, () => socket.destroy());
      socket.once('close', cancel);
    },
  };
}
