/**
 * The way to a server of NBD that comes and goes: connected anew whenever it is lost, in longer and
 * longer intervals, and told to be back only if it is the same export.
 */

import { type Failure, fail } from '../../core/result.ts';
import type { NbdClient } from '../../nbd/client.ts';
import { changeOf, type NbdExport } from '../../nbd/export.ts';
import { PAYLOAD_MAX } from '../../nbd/limits.ts';
import { NBD_CMD_DISC, REQUEST_BYTES } from '../../nbd/protocol.ts';
import { putRequest } from '../../nbd/request.ts';
import type { NbdAddress } from '../../nbd/target.ts';
import type { Clock } from '../clock.ts';
import { addressName, connectNbd, type NbdConnection } from './nbd-connection.ts';

export interface NbdLinkOptions {
  readonly address: NbdAddress;
  /** Bytes, a character each; empty for the server's only one. */
  readonly exportName: string;
  readonly isReadOnly: boolean;
  readonly clock: Clock;
  /** Between attempts to have a server back. */
  readonly retryMaxMs?: number;
  /** There are completions. */
  readonly onDone: () => void;
  /** The server is gone, why it cannot be had back, and that it is back. */
  readonly report: (what: string) => void;
}

/** Between attempts to connect: at first, and at most unless it is said otherwise. */
const RETRY_FIRST_MS = 10;
const RETRY_MAX_MS = 2000;
/** A connection that lasted that long was well: the next one is tried soon again. */
const WELL_MS = 2000;
/** Until a server that was reached has to have given an export. */
export const HANDSHAKE_MS = 5000;
/** Received at a time: what a pipe of Linux's holds several times. */
export const RECEIVE_BYTES = 256 * 1024;
/** Sent at a time: the largest request, and many small ones. */
const STAGING_BYTES = PAYLOAD_MAX + 64 * 1024;

export interface NbdLink {
  readonly options: NbdLinkOptions;
  readonly client: NbdClient;
  /** What it was when it was opened. */
  readonly first: NbdExport;
  readonly staging: Uint8Array;
  readonly buffer: Uint8Array;
  connection: NbdConnection | undefined;
  /** Its handshake has ended. */
  isUp: boolean;
  upSinceMs: number;
  isSending: boolean;
  /** Nothing is done any more. */
  isClosed: boolean;
  retryMs: number;
  told: string | undefined;
  cancel: () => void;
}

export const serverName = ({ address, exportName }: NbdLinkOptions): string =>
  `the NBD server ${addressName(address)}${exportName === '' ? '' : ` with '${exportName}'`}`;

function tell(link: NbdLink, what: string): void {
  if (link.told === what) return;
  link.told = what;
  link.options.report(`${serverName(link.options)}: ${what}`);
}

/** Sends what waits, a bufferful at a time. */
export function pump(link: NbdLink): void {
  const { connection, client, staging } = link;
  if (!link.isUp || link.isSending || connection === undefined) return;
  const count = client.fill(staging);
  if (count === 0) return;
  link.isSending = true;
  connection.send(staging.subarray(0, count), () => {
    // Of a connection that is gone: the buffer is another one's now.
    if (link.connection !== connection) return;
    link.isSending = false;
    pump(link);
  });
}

export function linkReceived(
  link: NbdLink,
  bytes: Uint8Array,
  start: number,
  end: number,
): string | undefined {
  const wrong = link.client.take(bytes, start, end);
  if (wrong === undefined) pump(link);
  if (link.client.hasCompletions()) link.options.onDone();
  return wrong;
}

function opened(link: NbdLink, found: NbdExport): Failure | undefined {
  const change = changeOf(link.first, found);
  if (change !== undefined) return fail('EINVAL', change).error;
  linkUp(link, found);
  tell(link, 'is back');
  return undefined;
}

export function linkUp(link: NbdLink, found: NbdExport): void {
  link.isUp = true;
  link.upSinceMs = link.options.clock.nowMs();
  link.client.connected(found);
  pump(link);
}

export function linkLost(link: NbdLink, why: Failure): void {
  const { clock, retryMaxMs = RETRY_MAX_MS } = link.options;
  if (link.isUp) {
    link.client.lost();
    // One that is lost again and again is no more there than one that is gone.
    if (clock.nowMs() - link.upSinceMs > WELL_MS) link.retryMs = RETRY_FIRST_MS;
  }
  link.isUp = false;
  link.isSending = false;
  link.connection = undefined;
  tell(link, `${why.what}; its disk waits`);
  link.cancel = clock.after(link.retryMs, () => reconnect(link));
  link.retryMs = Math.min(2 * link.retryMs, retryMaxMs);
}

function reconnect(link: NbdLink): void {
  const { address, exportName, clock } = link.options;
  link.connection = connectNbd({
    ...{ address, exportName, clock, buffer: link.buffer, handshakeMs: HANDSHAKE_MS },
    opened: (found) => opened(link, found),
    received: (bytes, start, end) => linkReceived(link, bytes, start, end),
    ended: (why) => linkLost(link, why),
  });
}

function disconnect(link: NbdLink, last?: Uint8Array): void {
  link.cancel();
  link.connection?.close(last);
  link.connection = undefined;
  if (link.isUp) link.client.lost();
  link.isUp = false;
}

/** Completes with EIO what is under way; replies to it cannot come any more. */
export function abandonLink(link: NbdLink): void {
  disconnect(link);
  link.isClosed = true;
  link.client.giveUp();
  if (link.client.hasCompletions()) link.options.onDone();
}

export function closeLink(link: NbdLink): void {
  const { client, options } = link;
  if (!link.isUp && client.unflushed() > 0) {
    options.report(
      `${serverName(options)}: closed while away, ${client.unflushed()} writes unsure`,
    );
  }
  const last = new Uint8Array(REQUEST_BYTES);
  putRequest(last, 0, NBD_CMD_DISC, 0, 0, 0, 0);
  const isIdle = link.isUp && !link.isSending;
  disconnect(link, isIdle ? last : undefined);
  link.isClosed = true;
}

export function createLink(
  options: NbdLinkOptions,
  client: NbdClient,
  first: NbdExport,
  connection: NbdConnection,
  buffer: Uint8Array,
): NbdLink {
  return {
    ...{ options, client, first, connection, buffer, staging: new Uint8Array(STAGING_BYTES) },
    ...{ isUp: false, upSinceMs: 0, isSending: false, isClosed: false },
    ...{ retryMs: RETRY_FIRST_MS, told: undefined, cancel: () => {} },
  };
}
