/** Cases: copies through the hypervisor. */

import type { Errno } from '../../core/errno.ts';
import type { CopyBatch } from '../grants.ts';
import { PAGE_SIZE, type Region } from '../region.ts';
import { type CaseContext, group } from './case.ts';
import { expectBytes, expectEqual, expectOk, expectThat, pattern } from './expect.ts';
import { BAD_GREF, openOffer } from './grants.cases.ts';

/** A buffer of the peer, who does the copying. */
function buffer({ peer, defer }: CaseContext, count: number): Region {
  const region = expectOk(peer.memory.pages(count), 'pages');
  defer(() => peer.memory.unmap(region));
  return region;
}

const batchOf = ({ peer }: CaseContext, max: number): CopyBatch =>
  expectOk(peer.grants.batch(max), 'batch');

/** Runs the batch: each operation's error, in order. */
function errorsOf(batch: CopyBatch): string {
  const failed = batch.run();
  const errors: (Errno | undefined)[] = [];
  for (let i = 0; i < batch.count; i++) errors.push(batch.error(i));
  expectEqual(failed, errors.filter((error) => error !== undefined).length, 'how many failed');
  return errors.map((error) => error ?? 'ok').join();
}

export const copyCases = group('grant copies', {
  'bytes are copied from a granted page': (ctx) => {
    const offer = openOffer(ctx, 1, 'ro');
    const region = buffer(ctx, 1);
    offer.region.bytes.set(pattern(PAGE_SIZE, 1));
    const batch = batchOf(ctx, 1);
    batch.fromGuest(ctx.self, offer.grefs[0]!, 0, region, 0, PAGE_SIZE);
    expectEqual(errorsOf(batch), 'ok', 'copy');
    expectBytes(region.bytes.slice(), pattern(PAGE_SIZE, 1), 'copied');
  },

  'bytes are copied to a granted page': (ctx) => {
    const offer = openOffer(ctx, 1);
    const region = buffer(ctx, 1);
    region.bytes.set(pattern(PAGE_SIZE, 2));
    const batch = batchOf(ctx, 1);
    batch.toGuest(ctx.self, offer.grefs[0]!, 0, region, 0, PAGE_SIZE);
    expectEqual(errorsOf(batch), 'ok', 'copy');
    expectBytes(offer.region.bytes.slice(), pattern(PAGE_SIZE, 2), 'copied');
  },

  'offsets count from the start of the page and of the region': (ctx) => {
    const offer = openOffer(ctx, 2);
    const region = buffer(ctx, 2);
    region.bytes.set(pattern(300, 3), PAGE_SIZE + 1000);
    const batch = batchOf(ctx, 2);
    batch.toGuest(ctx.self, offer.grefs[1]!, 17, region, PAGE_SIZE + 1000, 300);
    batch.fromGuest(ctx.self, offer.grefs[1]!, 17, region, 5, 300);
    expectEqual(errorsOf(batch), 'ok,ok', 'copies');
    const expected = new Uint8Array(2 * PAGE_SIZE);
    expected.set(pattern(300, 3), PAGE_SIZE + 17);
    expectBytes(offer.region.bytes.slice(), expected, 'both granted pages');
    expectBytes(region.bytes.slice(5, 305), pattern(300, 3), 'copied back');
  },

  'a batch is used again, with other regions': (ctx) => {
    const offer = openOffer(ctx, 1);
    const batch = batchOf(ctx, 3);
    for (let round = 0; round < 4; round++) {
      const [one, two] = [buffer(ctx, 1), buffer(ctx, 1)];
      one.bytes.fill(round + 1);
      batch.clear();
      expectEqual(batch.count, 0, 'operations of a cleared batch');
      batch.toGuest(ctx.self, offer.grefs[0]!, round, one, 9, 1);
      batch.fromGuest(ctx.self, offer.grefs[0]!, round, two, 4095, 1);
      batch.fromGuest(ctx.self, offer.grefs[0]!, round, one, 0, 1);
      expectEqual(errorsOf(batch), 'ok,ok,ok', `round ${round}`);
      expectEqual(two.bytes[4095], round + 1, `what went there and back, round ${round}`);
    }
  },

  'each operation has its own error, in order': (ctx) => {
    const offer = openOffer(ctx, 1);
    const region = buffer(ctx, 1);
    region.bytes.set(pattern(PAGE_SIZE, 5));
    const batch = batchOf(ctx, 8);
    const [good] = offer.grefs;
    batch.toGuest(ctx.self, good!, 0, region, 0, 16);
    batch.toGuest(ctx.self, BAD_GREF, 32, region, 32, 16);
    batch.toGuest(ctx.self, good!, 64, region, 64, 16);
    expectEqual(errorsOf(batch), 'ok,EINVAL,ok', 'errors');
    const expected = new Uint8Array(PAGE_SIZE);
    expected.set(pattern(PAGE_SIZE, 5).subarray(0, 16), 0);
    expected.set(pattern(PAGE_SIZE, 5).subarray(64, 80), 64);
    expectBytes(offer.region.bytes.slice(), expected, 'the granted page');
  },

  'an operation across the end of a page is a bug': (ctx) => {
    const { grefs } = openOffer(ctx, 2);
    const region = buffer(ctx, 2);
    const batch = batchOf(ctx, 8);
    const rows: readonly (readonly [string, number, number, number])[] = [
      ['granted page', 4000, 0, 97],
      ['local page', 0, 4000, 97],
      ['more than a page', 0, 0, PAGE_SIZE + 1],
      ['offset behind the page', PAGE_SIZE, 0, 1],
      ['an offset of more bits', 65536, 0, 1],
      ['region too short', 0, 2 * PAGE_SIZE, 1],
      ['before the page', -1, 0, 1],
      ['before the region', 0, -1, 1],
    ];
    for (const [what, offset, at, size] of rows) {
      let thrown = '';
      try {
        batch.toGuest(ctx.self, grefs[0]!, offset, region, at, size);
      } catch (error) {
        thrown = String(error);
      }
      expectThat(thrown.includes('a copy across the end of a'), `${what}: ${thrown}`);
    }
    expectEqual(batch.count, 0, 'operations added');
  },

  'a read-only offer cannot be written by a copy': (ctx) => {
    const offer = openOffer(ctx, 1, 'ro');
    const region = buffer(ctx, 1);
    region.bytes.fill(1);
    const batch = batchOf(ctx, 1);
    batch.toGuest(ctx.self, offer.grefs[0]!, 0, region, 0, 8);
    expectThat(errorsOf(batch) !== 'ok', 'the copy was made');
    expectBytes(offer.region.bytes.slice(0, 8), new Uint8Array(8), 'the granted page');
  },

  'a batch of three hundred is done whole': (ctx) => {
    const offer = openOffer(ctx, 1);
    const region = buffer(ctx, 1);
    offer.region.bytes.set(pattern(PAGE_SIZE, 6));
    const batch = batchOf(ctx, 300);
    for (let i = 0; i < batch.max; i++) {
      batch.fromGuest(ctx.self, offer.grefs[0]!, i * 13, region, i * 13, 13);
    }
    expectEqual(batch.run(), 0, 'how many failed');
    expectBytes(region.bytes.slice(0, 3900), pattern(PAGE_SIZE, 6).slice(0, 3900), 'copied');
  },
});
