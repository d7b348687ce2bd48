/** Cases: grants that are offered and mapped (copies have a file of their own). */

import { gref } from '../../core/ids.ts';
import type { Offer } from '../grants.ts';
import { PAGE_SIZE } from '../region.ts';
import { type CaseContext, group } from './case.ts';
import {
  expectBytes,
  expectEqual,
  expectError,
  expectOk,
  expectThat,
  expectZeroed,
  pattern,
} from './expect.ts';
import { NOBODY } from './guest.ts';
import { eventually, nextCount, settledCount } from './wait.ts';

/** Far beyond any table's entries. */
export const BAD_GREF = gref(0xffff_0000);

/** Pages of the domain under test, offered to its peer until the case ends. */
export function openOffer(
  { platform, peerDomid, defer }: CaseContext,
  count: number,
  access: 'ro' | 'rw' = 'rw',
): Offer {
  const offer = expectOk(platform.grants.offer(peerDomid, count, access), 'offer');
  defer(() => platform.grants.revoke(offer));
  return offer;
}

function mapping({ peer, self, defer }: CaseContext, offer: Offer, access: 'ro' | 'rw' = 'rw') {
  const region = expectOk(peer.grants.map(self, offer.grefs, access), 'map');
  defer(() => peer.grants.unmap(region));
  return region;
}

export const grantCases = group('grants', {
  'offered pages are zeroed, whole, and have a reference each': (ctx) => {
    const offer = openOffer(ctx, 3);
    expectEqual(offer.region.bytes.length, 3 * PAGE_SIZE, 'bytes');
    expectEqual(offer.region.words.length, (3 * PAGE_SIZE) / 4, 'words');
    expectEqual(new Set(offer.grefs).size, 3, 'references');
    expectZeroed(offer.region.bytes, 'offered pages');
  },

  'bytes written at either end are seen at the other': (ctx) => {
    const offer = openOffer(ctx, 2);
    const region = mapping(ctx, offer);
    offer.region.bytes.set(pattern(5000, 1), 100);
    expectBytes(region.bytes.slice(100, 5100), pattern(5000, 1), 'seen by the peer');
    region.bytes.set(pattern(2 * PAGE_SIZE, 2));
    expectBytes(offer.region.bytes.slice(), pattern(2 * PAGE_SIZE, 2), 'seen by the owner');
  },

  'bytes and words are the same memory': (ctx) => {
    const { region } = openOffer(ctx, 1);
    region.words[3] = 0x04030201;
    expectBytes(region.bytes.slice(12, 16), Uint8Array.of(1, 2, 3, 4), 'word 3');
  },

  'atomic operations work across both mappings': (ctx) => {
    const offer = openOffer(ctx, 1);
    const region = mapping(ctx, offer);
    for (let i = 0; i < 1000; i++) {
      Atomics.add(offer.region.words, 7, 1);
      Atomics.add(region.words, 7, 2);
    }
    expectEqual(Atomics.load(offer.region.words, 7), 3000, 'sum');
    Atomics.store(region.words, 7, -1);
    expectEqual(Atomics.exchange(offer.region.words, 7, 5), -1, 'exchanged');
    expectEqual(Atomics.compareExchange(region.words, 7, 5, 6), 5, 'compared');
    expectEqual(Atomics.load(offer.region.words, 7), 6, 'stored');
  },

  'pages are mapped in the order of their references': (ctx) => {
    const offer = openOffer(ctx, 4);
    for (let page = 0; page < 4; page++) offer.region.bytes[page * PAGE_SIZE] = page + 1;
    const reversed = [...offer.grefs].reverse();
    const region = expectOk(ctx.peer.grants.map(ctx.self, reversed, 'rw'), 'map');
    const seen = [0, 1, 2, 3].map((page) => region.bytes[page * PAGE_SIZE]);
    region.bytes[1] = 77;
    ctx.peer.grants.unmap(region);
    expectEqual(seen.join(), '4,3,2,1', 'first bytes');
    expectEqual(offer.region.bytes[3 * PAGE_SIZE + 1], 77, 'written through the mapping');
  },

  'a read-only offer can be mapped to read': (ctx) => {
    const offer = openOffer(ctx, 1, 'ro');
    const region = mapping(ctx, offer, 'ro');
    offer.region.bytes.set(pattern(64, 3));
    expectBytes(region.bytes.slice(0, 64), pattern(64, 3), 'seen by the peer');
  },

  'a writable offer can be mapped to read': (ctx) => {
    const offer = openOffer(ctx, 1);
    offer.region.bytes[9] = 9;
    expectEqual(mapping(ctx, offer, 'ro').bytes[9], 9, 'seen by the peer');
  },

  // gntdev reports every refusal of a mapping as EINVAL, so that EACCES cannot be asked for.
  'a read-only offer cannot be mapped to write': (ctx) => {
    const offer = openOffer(ctx, 1, 'ro');
    expectError(ctx.peer.grants.map(ctx.self, offer.grefs, 'rw'), 'map', 'EACCES', 'EINVAL');
  },

  'an offer to somebody else cannot be mapped': ({ platform, self, peer, defer }) => {
    const offer = expectOk(platform.grants.offer(NOBODY, 1, 'rw'), 'offer');
    defer(() => platform.grants.revoke(offer));
    expectError(peer.grants.map(self, offer.grefs, 'rw'), 'map', 'EACCES', 'EINVAL', 'EPERM');
  },

  'a bad reference maps nothing, not even the good ones beside it': (ctx) => {
    const offer = openOffer(ctx, 2);
    const grefs = [...offer.grefs, BAD_GREF];
    expectError(ctx.peer.grants.map(ctx.self, [BAD_GREF], 'rw'), 'a bad one', 'EINVAL');
    expectError(ctx.peer.grants.map(ctx.self, grefs, 'rw'), 'a bad one of three', 'EINVAL');
  },

  'a page can be mapped twice': (ctx) => {
    const offer = openOffer(ctx, 1);
    const [one, two] = [mapping(ctx, offer), mapping(ctx, offer)];
    one.bytes[0] = 42;
    expectEqual(two.bytes[0], 42, 'seen by the second mapping');
  },

  'unmapping empties the region': (ctx) => {
    const offer = openOffer(ctx, 2);
    const region = expectOk(ctx.peer.grants.map(ctx.self, offer.grefs, 'rw'), 'map');
    ctx.peer.grants.unmap(region);
    expectEqual(region.bytes.length, 0, 'bytes');
    expectEqual(region.words.length, 0, 'words');
  },

  'revoking empties the region and ends the offer': async ({ platform, self, peer, peerDomid }) => {
    const offer = expectOk(platform.grants.offer(peerDomid, 1, 'rw'), 'offer');
    platform.grants.revoke(offer);
    expectEqual(offer.region.bytes.length, 0, 'bytes');
    expectEqual(offer.region.words.length, 0, 'words');
    expectError(peer.grants.map(self, offer.grefs, 'rw'), 'map', 'EINVAL', 'EACCES');
  },

  'a page revoked while it is mapped stays until the peer lets go': async (ctx) => {
    const { platform, self, peer, peerDomid } = ctx;
    const offer = expectOk(platform.grants.offer(peerDomid, 1, 'rw'), 'offer');
    const region = expectOk(peer.grants.map(self, offer.grefs, 'rw'), 'map');
    offer.region.bytes.set(pattern(100, 4));
    platform.grants.revoke(offer);
    expectBytes(region.bytes.slice(0, 100), pattern(100, 4), 'after the revoke');
    region.bytes[0] = 1;
    peer.grants.unmap(region);
    // Kernels end such an offer from a timer.
    const refused = () => {
      const again = peer.grants.map(self, offer.grefs, 'rw');
      if (again.ok) peer.grants.unmap(again.value);
      return !again.ok;
    };
    await eventually(platform.clock, refused, 'the offer has ended');
  },

  'an offer with a notice clears its byte and tells the peer when it ends': async (ctx) => {
    const { platform, self, peer, peerDomid, defer } = ctx;
    const port = expectOk(platform.events.allocUnbound(peerDomid), 'allocUnbound');
    defer(() => platform.events.close(port));
    const theirs = expectOk(peer.events.bindInterdomain(self, port), 'bindInterdomain');
    defer(() => peer.events.close(theirs));
    const offer = expectOk(platform.grants.offer(peerDomid, 1, 'rw', { at: 21, port }), 'offer');
    offer.region.bytes.fill(7, 20, 23);
    const region = mapping(ctx, offer);
    const seen = await settledCount(peer, theirs);
    platform.grants.revoke(offer);
    await nextCount(peer, theirs, seen);
    expectBytes(region.bytes.slice(20, 23), Uint8Array.of(7, 0, 7), 'after the end');
  },

  'a mapping with a notice clears its byte and tells the owner when it ends': async (ctx) => {
    const { platform, self, peer, peerDomid, defer } = ctx;
    const ours = expectOk(platform.events.allocUnbound(peerDomid), 'allocUnbound');
    defer(() => platform.events.close(ours));
    const port = expectOk(peer.events.bindInterdomain(self, ours), 'bindInterdomain');
    defer(() => peer.events.close(port));
    const offer = openOffer(ctx, 1);
    offer.region.bytes.fill(7, 20, 23);
    const notify = { at: 20, port };
    const region = expectOk(peer.grants.map(self, offer.grefs, 'rw', notify), 'map');
    const seen = await settledCount(platform, ours);
    peer.grants.unmap(region);
    await nextCount(platform, ours, seen);
    expectBytes(offer.region.bytes.slice(20, 23), Uint8Array.of(0, 7, 7), 'after the end');
  },

  'new offers do not show what was in old ones': (ctx) => {
    for (let round = 0; round < 20; round++) {
      const offer = expectOk(ctx.platform.grants.offer(ctx.peerDomid, 2, 'rw'), 'offer');
      expectZeroed(offer.region.bytes, `round ${round}`);
      offer.region.bytes.fill(0xaa);
      ctx.platform.grants.revoke(offer);
    }
  },

  'two hundred offers at a time are kept apart': (ctx) => {
    const offers = Array.from({ length: 200 }, () => openOffer(ctx, 1));
    offers.forEach((offer, i) => {
      offer.region.words[0] = i + 1;
    });
    const grefs = offers.map((offer) => offer.grefs[0]!);
    expectEqual(new Set(grefs).size, 200, 'references');
    const region = expectOk(ctx.peer.grants.map(ctx.self, grefs, 'ro'), 'map');
    const seen = grefs.map((_, i) => region.words[(i * PAGE_SIZE) / 4]);
    ctx.peer.grants.unmap(region);
    expectThat(
      seen.every((word, i) => word === i + 1),
      `first words ${seen.join()}`,
    );
  },
});
