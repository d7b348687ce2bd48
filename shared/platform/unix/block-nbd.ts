/**
 * Disks behind a server of NBD. A server that is gone is waited for, for as long as it takes: what
 * is under way is neither failed nor lost, but sent again when it is back (nbd/client.ts says what
 * is promised of writes that it had answered). Whether and when a guest is told that its disk is
 * gone is the business of who opened it.
 *
 * What comes back has to be the same export, of the same size and abilities: else it stays away,
 * and `report` says why.
 *
 * Requests are copied to a buffer of this disk's before they are sent. A socket of Node's may keep
 * what it was given beyond a reply that a server gives too early, or beyond `close`: it would send
 * what somebody else's request has put there, or read memory that is not mapped any more.
 */

import { fail, ok, type Result } from '../../core/result.ts';
import { createClient } from '../../nbd/client.ts';
import { shapeOf } from '../../nbd/export.ts';
import { NBD_CMD_FLUSH, NBD_CMD_READ, NBD_CMD_TRIM, NBD_CMD_WRITE } from '../../nbd/protocol.ts';
import type { BlockIo, BlockShape } from '../block-io.ts';
import { connectNbd } from './nbd-connection.ts';
import {
  abandonLink,
  closeLink,
  createLink,
  HANDSHAKE_MS,
  linkLost,
  linkReceived,
  linkUp,
  type NbdLink,
  type NbdLinkOptions,
  pump,
  RECEIVE_BYTES,
  serverName,
} from './nbd-link.ts';

export interface BlockNbdOptions extends NbdLinkOptions {
  readonly isReadOnly: boolean;
}

const NO_MEMORY = new Uint8Array(0);

function blockIo(link: NbdLink, whole: BlockShape): BlockIo {
  const { client, options } = link;
  let shape = whole;
  return {
    get shape() {
      return shape;
    },
    // A server tells its size once; one that comes back with another one is not gone on with.
    measure: (sectorsMax) => {
      shape = { ...whole, sectors: Math.min(whole.sectors, sectorsMax) };
      return ok();
    },
    read: (number, sector, region, at, bytes) =>
      client.ask(number, NBD_CMD_READ, sector * 512, bytes, region.bytes, at),
    write: (number, sector, region, at, bytes) =>
      client.ask(number, NBD_CMD_WRITE, sector * 512, bytes, region.bytes, at),
    flush: (number) => client.ask(number, NBD_CMD_FLUSH, 0, 0, NO_MEMORY, 0),
    discard: (number, sector, sectors) =>
      client.ask(number, NBD_CMD_TRIM, sector * 512, sectors * 512, NO_MEMORY, 0),
    submit: () => {
      if (link.isClosed) client.giveUp();
      else pump(link);
      if (client.hasCompletions()) setImmediate(options.onDone);
    },
    completions: client.completions,
    giveUp: () => abandonLink(link),
    close: () => closeLink(link),
  };
}

/**
 * Connects once: what is not there at first is told, and not waited for. ECONNREFUSED, ENOENT and
 * their like: nobody listens there; EROFS: it may only be read; EPROTO: it is no server of NBD, or
 * a bad one; ETIMEDOUT: it says nothing.
 */
export function openBlockNbd(options: BlockNbdOptions): Promise<Result<BlockIo>> {
  const { address, exportName, clock, isReadOnly } = options;
  const buffer = new Uint8Array(RECEIVE_BYTES);
  let link: NbdLink | undefined;
  return new Promise((resolve) => {
    const connection = connectNbd({
      ...{ address, exportName, clock, buffer, handshakeMs: HANDSHAKE_MS },
      opened: (found) => {
        const shape = shapeOf(found, isReadOnly);
        if (!shape.ok) return shape.error;
        const client = createClient({ canFlush: found.canFlush, isReadOnly });
        link = createLink(options, client, found, connection, buffer);
        linkUp(link, found);
        resolve(ok(blockIo(link, shape.value)));
        return undefined;
      },
      received: (bytes, start, end) =>
        link === undefined ? 'replies before requests' : linkReceived(link, bytes, start, end),
      ended: (why) => {
        if (link !== undefined) linkLost(link, why);
        else resolve(fail(why.errno, `${serverName(options)}: ${why.what}`));
      },
    });
  });
}
