/** Cases: pages of our own, and pages and grant tables of domains that we control. */

import {
  GNTTAB_RESERVED_XENSTORE,
  GTF_permit_access,
  grantEntryV1,
} from '../../abi/grant-table.ts';
import { gref } from '../../core/ids.ts';
import { encode } from '../../core/layout.ts';
import { PAGE_SIZE } from '../region.ts';
import { group } from './case.ts';
import {
  expectBytes,
  expectEqual,
  expectError,
  expectOk,
  expectThat,
  expectZeroed,
  pattern,
} from './expect.ts';
import { domainWithPages, NOBODY } from './guest.ts';

export const memoryCases = group('memory', {
  'pages of ours are zeroed and whole': ({ platform: { memory } }) => {
    for (const count of [1, 3, 64]) {
      const region = expectOk(memory.pages(count), 'pages');
      expectEqual(region.bytes.length, count * PAGE_SIZE, 'bytes');
      expectEqual(region.words.length, (count * PAGE_SIZE) / 4, 'words');
      expectZeroed(region.bytes, `${count} pages`);
      memory.unmap(region);
    }
  },

  'pages come back zeroed': ({ platform: { memory } }) => {
    for (let round = 0; round < 20; round++) {
      const region = expectOk(memory.pages(4), 'pages');
      expectZeroed(region.bytes, `round ${round}`);
      region.bytes.fill(0x55);
      memory.unmap(region);
    }
  },

  'two regions of ours are apart': ({ platform: { memory } }) => {
    const one = expectOk(memory.pages(2), 'pages');
    const two = expectOk(memory.pages(2), 'pages');
    one.bytes.fill(1);
    two.bytes.fill(2);
    const apart = one.bytes.every((byte) => byte === 1);
    memory.unmap(one);
    memory.unmap(two);
    expectThat(apart, 'one region shows in the other');
  },

  'freeing pages of ours empties the region': ({ platform: { memory } }) => {
    const region = expectOk(memory.pages(2), 'pages');
    memory.unmap(region);
    expectEqual(region.bytes.length, 0, 'bytes');
    expectEqual(region.words.length, 0, 'words');
  },
});

export const foreignCases = group(
  'foreign memory',
  {
    'what is written to a frame of a domain stays there': (ctx) => {
      const { memory } = ctx.platform;
      const guest = domainWithPages(ctx, 16);
      const first = expectOk(memory.mapForeign(guest, [3, 4]), 'mapForeign');
      first.bytes.set(pattern(2 * PAGE_SIZE, 1));
      memory.unmap(first);
      expectEqual(first.bytes.length, 0, 'bytes after unmap');
      const again = expectOk(memory.mapForeign(guest, [3, 4]), 'mapForeign again');
      const seen = again.bytes.slice();
      memory.unmap(again);
      expectBytes(seen, pattern(2 * PAGE_SIZE, 1), 'mapped again');
    },

    'frames are mapped in the order given': (ctx) => {
      const { memory } = ctx.platform;
      const guest = domainWithPages(ctx, 16);
      const all = expectOk(memory.mapForeign(guest, [0, 1, 2, 3]), 'mapForeign');
      for (let page = 0; page < 4; page++)
        all.bytes.fill(page + 1, page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
      memory.unmap(all);
      const some = expectOk(memory.mapForeign(guest, [3, 1]), 'mapForeign');
      const seen = [some.bytes[0], some.bytes[PAGE_SIZE]];
      memory.unmap(some);
      expectEqual(seen.join(), '4,2', 'first bytes');
    },

    'two mappings of a frame are the same memory': (ctx) => {
      const { memory } = ctx.platform;
      const guest = domainWithPages(ctx, 16);
      const one = expectOk(memory.mapForeign(guest, [5]), 'mapForeign');
      ctx.defer(() => memory.unmap(one));
      const two = expectOk(memory.mapForeign(guest, [5]), 'mapForeign');
      ctx.defer(() => memory.unmap(two));
      Atomics.store(one.words, 100, 12345);
      expectEqual(Atomics.load(two.words, 100), 12345, 'word');
    },

    'four MiB are mapped at a time': (ctx) => {
      const { memory } = ctx.platform;
      const guest = domainWithPages(ctx, 1100);
      const gfns = Array.from({ length: 1024 }, (_, i) => i + 50);
      const region = expectOk(memory.mapForeign(guest, gfns), 'mapForeign');
      for (let page = 0; page < 1024; page++) region.words[(page * PAGE_SIZE) / 4] = page;
      memory.unmap(region);
      const last = expectOk(memory.mapForeign(guest, [50 + 1023]), 'mapForeign');
      const stamp = last.words[0];
      memory.unmap(last);
      expectEqual(stamp, 1023, 'stamp of the last page');
    },

    'a frame that is not there maps nothing': (ctx) => {
      const { memory } = ctx.platform;
      const guest = domainWithPages(ctx, 16);
      expectError(memory.mapForeign(guest, [5000]), 'one frame', 'EINVAL');
      expectError(memory.mapForeign(guest, [0, 1, 5000, 2]), 'one of four', 'EINVAL');
    },

    'two domains have memory of their own': (ctx) => {
      const { memory } = ctx.platform;
      const guests = [domainWithPages(ctx, 16), domainWithPages(ctx, 16)];
      guests.forEach((guest, i) => {
        const region = expectOk(memory.mapForeign(guest, [7]), 'mapForeign');
        region.bytes.fill(i + 1);
        memory.unmap(region);
      });
      const region = expectOk(memory.mapForeign(guests[0]!, [7]), 'mapForeign');
      const seen = region.bytes[0];
      memory.unmap(region);
      expectEqual(seen, 1, 'first byte of the first domain');
    },

    'frames and grant tables of no domain cannot be mapped': ({ platform: { memory } }) => {
      expectError(memory.mapForeign(NOBODY, [0]), 'mapForeign', 'ESRCH');
      expectError(memory.mapGrantTable(NOBODY, 0, 1), 'mapGrantTable', 'ESRCH');
    },

    'an entry written into a grant table is a grant': (ctx) => {
      const { platform, self } = ctx;
      const guest = domainWithPages(ctx, 16);
      const table = expectOk(platform.memory.mapGrantTable(guest, 0, 1), 'mapGrantTable');
      const entry = { flags: GTF_permit_access, domid: self, frame: 9 };
      encode(grantEntryV1, table.bytes, grantEntryV1.size * GNTTAB_RESERVED_XENSTORE, entry);
      platform.memory.unmap(table);
      expectEqual(table.bytes.length, 0, 'bytes after unmap');
      const granted = expectOk(
        platform.grants.map(guest, [gref(GNTTAB_RESERVED_XENSTORE)], 'rw'),
        'map',
      );
      granted.bytes.set(pattern(64, 5));
      platform.grants.unmap(granted);
      const frame = expectOk(platform.memory.mapForeign(guest, [9]), 'mapForeign');
      const seen = frame.bytes.slice(0, 64);
      platform.memory.unmap(frame);
      expectBytes(seen, pattern(64, 5), 'the frame that was granted');
    },

    'an entry that is not written is no grant': (ctx) => {
      const { platform } = ctx;
      const guest = domainWithPages(ctx, 16);
      const table = expectOk(platform.memory.mapGrantTable(guest, 0, 1), 'mapGrantTable');
      expectZeroed(table.bytes.subarray(0, PAGE_SIZE), 'a new grant table');
      platform.memory.unmap(table);
      expectError(
        platform.grants.map(guest, [gref(GNTTAB_RESERVED_XENSTORE)], 'rw'),
        'map',
        'EINVAL',
        'EACCES',
        'EPERM',
      );
    },
  },
  ['control'],
);
