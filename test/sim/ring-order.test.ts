/** What a domain does to its ring while it is being served. */

import { expect, it } from 'vitest';
import { XS_DIRECTORY } from '../../shared/abi/xs-wire.ts';
import { writeRing } from '../../shared/core/ring-moves.ts';
import { ringReady, XENSTORE_REPLIES, XENSTORE_REQUESTS } from '../../shared/ring/byte-ring.ts';
import { encodePacket } from '../../shared/xenstore/wire.ts';
import { oneGuest } from './one-guest.ts';

const REQUEST = encodePacket(XS_DIRECTORY, 0, 0, '/\0');
/** A header, EACCES and a NUL. */
const REPLY_BYTES = 23;

// xb_write in Linux's xenbus_comms.c @ v6.1: an event only if all before it had been taken.
it('answers what is put behind a request that is being taken, without an event', async () => {
  const { daemon, event, region } = oneGuest();
  await undefined;
  const put = () => writeRing(region, XENSTORE_REQUESTS, REQUEST, 0, REQUEST.length);
  let more = 3;
  daemon.tap.show(() => {
    if (more-- > 0) put();
  });
  put();
  event();
  await undefined;
  expect(ringReady(region, XENSTORE_REQUESTS)).toBe(0);
  expect(ringReady(region, XENSTORE_REPLIES)).toBe(4 * REPLY_BYTES);
});
