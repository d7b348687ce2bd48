/** Requests through a guest's ring: the whole service, over a kernel that does nothing. */

import type { CreatePathCache } from '../../../services/xenstored/core/path-cache.ts';
import { XS_READ } from '../../../shared/abi/xs-wire.ts';
import { writeRing } from '../../../shared/core/ring-moves.ts';
import { toLatin1 } from '../../../shared/core/text.ts';
import { XENSTORE_REPLIES, XENSTORE_REQUESTS } from '../../../shared/ring/byte-ring.ts';
import { encodePacket } from '../../../shared/xenstore/wire.ts';
import { oneGuest } from '../../sim/one-guest.ts';
import { fill, PATHS, type World } from './core-rows.ts';

/** A guest asks for the same few nodes again and again. */
const ASKED = 16;

export function ringRows(
  createPaths: CreatePathCache | undefined,
): Readonly<Record<string, (requests: number) => Promise<void>>> {
  const { daemon, guest, region, event } = oneGuest(createPaths);
  const { store } = daemon;
  const ask: World['ask'] = (by, type, payload) =>
    store.handle(by, type, 7, 0, payload, 0, payload.length);
  fill({ dom0: store.dom0, guest, ask });
  const packets = PATHS.slice(0, ASKED).map((path) =>
    encodePacket(XS_READ, 7, 0, toLatin1(`${path}\0`)),
  );
  const { words } = region;
  const round = async (requests: number): Promise<void> => {
    for (let i = 0; i < requests; i++) {
      const packet = packets[i % ASKED] as Uint8Array;
      writeRing(region, XENSTORE_REQUESTS, packet, 0, packet.length);
      event();
      // The daemon's turn.
      await undefined;
      const answered = words[XENSTORE_REPLIES.prodWord] as number;
      if (answered === words[XENSTORE_REPLIES.consWord]) throw new Error('no answer');
      words[XENSTORE_REPLIES.consWord] = answered;
    }
  };
  return { 'ring-core': round };
}
