/** Cases: copies through the hypervisor. */

import type { CopyOp } from '../grants.ts';
import { PAGE_SIZE, type Region } from '../region.ts';
import { type CaseContext, group } from './case.ts';
import { expectBytes, expectError, expectOk, expectThat, pattern } from './expect.ts';
import { BAD_GREF, openOffer } from './grants.cases.ts';

/** A buffer of the peer, who does the copying. */
function buffer({ peer, defer }: CaseContext, count: number): Region {
  const region = expectOk(peer.memory.pages(count), 'pages');
  defer(() => peer.memory.unmap(region));
  return region;
}

function copyOne(ctx: CaseContext, op: CopyOp) {
  const results = ctx.peer.grants.copy([op]);
  expectThat(results.length === 1, `${results.length} results for one operation`);
  return results[0]!;
}

export const copyCases = group('grant copies', {
  'bytes are copied from a granted page': (ctx) => {
    const offer = openOffer(ctx, 1, 'ro');
    const region = buffer(ctx, 1);
    offer.region.bytes.set(pattern(PAGE_SIZE, 1));
    const from = { domid: ctx.self, gref: offer.grefs[0]!, offset: 0 };
    expectOk(copyOne(ctx, { from, to: { region, offset: 0 }, size: PAGE_SIZE }), 'copy');
    expectBytes(region.bytes.slice(), pattern(PAGE_SIZE, 1), 'copied');
  },

  'bytes are copied to a granted page': (ctx) => {
    const offer = openOffer(ctx, 1);
    const region = buffer(ctx, 1);
    region.bytes.set(pattern(PAGE_SIZE, 2));
    const to = { domid: ctx.self, gref: offer.grefs[0]!, offset: 0 };
    expectOk(copyOne(ctx, { from: { region, offset: 0 }, to, size: PAGE_SIZE }), 'copy');
    expectBytes(offer.region.bytes.slice(), pattern(PAGE_SIZE, 2), 'copied');
  },

  'offsets count from the start of the page and of the region': (ctx) => {
    const offer = openOffer(ctx, 2);
    const region = buffer(ctx, 2);
    region.bytes.set(pattern(300, 3), PAGE_SIZE + 1000);
    const to = { domid: ctx.self, gref: offer.grefs[1]!, offset: 17 };
    const from = { region, offset: PAGE_SIZE + 1000 };
    expectOk(copyOne(ctx, { from, to, size: 300 }), 'copy');
    const expected = new Uint8Array(2 * PAGE_SIZE);
    expected.set(pattern(300, 3), PAGE_SIZE + 17);
    expectBytes(offer.region.bytes.slice(), expected, 'both granted pages');
  },

  'bytes are copied from one granted page to another': (ctx) => {
    const offer = openOffer(ctx, 2);
    offer.region.bytes.set(pattern(50, 4), 8);
    const from = { domid: ctx.self, gref: offer.grefs[0]!, offset: 8 };
    const to = { domid: ctx.self, gref: offer.grefs[1]!, offset: 4000 };
    expectOk(copyOne(ctx, { from, to, size: 50 }), 'copy');
    const start = PAGE_SIZE + 4000;
    expectBytes(offer.region.bytes.slice(start, start + 50), pattern(50, 4), 'copied');
  },

  'each operation has its own result, in order': (ctx) => {
    const offer = openOffer(ctx, 1);
    const region = buffer(ctx, 1);
    region.bytes.set(pattern(PAGE_SIZE, 5));
    const write = (gref: typeof BAD_GREF, offset: number): CopyOp => ({
      from: { region, offset },
      to: { domid: ctx.self, gref, offset },
      size: 16,
    });
    const good = offer.grefs[0]!;
    const results = ctx.peer.grants.copy([write(good, 0), write(BAD_GREF, 32), write(good, 64)]);
    const shown = results.map((result) => (result.ok ? 'ok' : result.error.errno)).join();
    expectThat(shown === 'ok,EINVAL,ok', `results ${shown}`);
    const expected = new Uint8Array(PAGE_SIZE);
    expected.set(pattern(PAGE_SIZE, 5).subarray(0, 16), 0);
    expected.set(pattern(PAGE_SIZE, 5).subarray(64, 80), 64);
    expectBytes(offer.region.bytes.slice(), expected, 'the granted page');
  },

  'an operation across the end of a page moves nothing': (ctx) => {
    const offer = openOffer(ctx, 2);
    const region = buffer(ctx, 2);
    region.bytes.fill(1);
    const granted = (offset: number) => ({ domid: ctx.self, gref: offer.grefs[0]!, offset });
    const local = (offset: number) => ({ region, offset });
    const rows: [string, CopyOp][] = [
      ['granted page', { from: local(0), to: granted(4000), size: 97 }],
      ['granted source', { from: granted(4000), to: local(0), size: 97 }],
      ['local page', { from: local(4000), to: granted(0), size: 97 }],
      ['more than a page', { from: local(0), to: granted(0), size: PAGE_SIZE + 1 }],
      ['offset behind the page', { from: local(0), to: granted(PAGE_SIZE), size: 1 }],
      ['region too short', { from: local(2 * PAGE_SIZE), to: granted(0), size: 1 }],
    ];
    for (const [what, op] of rows) expectError(copyOne(ctx, op), what, 'EINVAL');
    expectBytes(offer.region.bytes.slice(), new Uint8Array(2 * PAGE_SIZE), 'granted pages');
    expectThat(
      region.bytes.every((byte) => byte === 1),
      'the local region changed',
    );
  },

  'a read-only offer cannot be written by a copy': (ctx) => {
    const offer = openOffer(ctx, 1, 'ro');
    const region = buffer(ctx, 1);
    region.bytes.fill(1);
    const to = { domid: ctx.self, gref: offer.grefs[0]!, offset: 0 };
    expectError(copyOne(ctx, { from: { region, offset: 0 }, to, size: 8 }), 'copy');
    expectBytes(offer.region.bytes.slice(0, 8), new Uint8Array(8), 'the granted page');
  },

  'a batch of three hundred is done whole': (ctx) => {
    const offer = openOffer(ctx, 1);
    const region = buffer(ctx, 1);
    offer.region.bytes.set(pattern(PAGE_SIZE, 6));
    const ops = Array.from({ length: 300 }, (_, i) => ({
      from: { domid: ctx.self, gref: offer.grefs[0]!, offset: i * 13 },
      to: { region, offset: i * 13 },
      size: 13,
    }));
    ctx.peer.grants.copy(ops).forEach((result, i) => {
      expectOk(result, `operation ${i}`);
    });
    expectBytes(region.bytes.slice(0, 3900), pattern(PAGE_SIZE, 6).slice(0, 3900), 'copied');
  },
});
