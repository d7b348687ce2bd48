/** Batches of copies against a device of the test's own, in both structures that there are. */

import { describe, expect, it } from 'vitest';
import { xengnttabGrantCopySegment } from '../../shared/abi/gnttab-lib.ts';
import { gnttabCopy } from '../../shared/abi/grant-table.ts';
import { domid, gref } from '../../shared/core/ids.ts';
import { decode, type Layout } from '../../shared/core/layout.ts';
import { type CopyForm, createCopyBatch } from '../../shared/platform/common/copy-batch.ts';
import type { Region } from '../../shared/platform/region.ts';
import { XEN_COPY } from '../../shared/platform/stubdom/grant-copy.ts';
import { GNTDEV_COPY } from '../../shared/platform/unix/grant-copy.ts';

const page = (): Region => {
  const bytes = new Uint8Array(8192);
  return { bytes, words: new Int32Array(bytes.buffer) };
};
const OURS = page();
const OTHER = page();
const ADDRESSES = new Map([
  [OURS, 0x1234_6000],
  [OTHER, 0x7f00_0000_5000],
]);
const PEER = domid(5);
const REF = gref(0xffff_ff77);
const MAX = 12;

/** Answers each copy with a status by its length. */
function openDevice(form: CopyForm, struct: Layout, status: (len: number) => number) {
  const buffer = new ArrayBuffer(MAX * form.bytes);
  const view = new DataView(buffer);
  const seen: object[] = [];
  let lookUps = 0;
  let works = true;
  const device = {
    addressOf: (region: Region) => {
      lookUps++;
      return ADDRESSES.get(region);
    },
    run: (count: number) => {
      for (let i = 0; i < count; i++) {
        const at = i * form.bytes;
        seen.push(decode(struct, new Uint8Array(buffer), at));
        const len = view.getUint16(at + form.lengthWord * 4, true);
        view.setInt16(at + form.statusWord * 4, status(len), true);
      }
      return works;
    },
  };
  const refuse = (): void => {
    works = false;
  };
  const batch = createCopyBatch(form, device, buffer, MAX);
  return { batch, seen, lookUps: () => lookUps, refuse };
}

const forms: readonly (readonly [string, CopyForm, Layout])[] = [
  ['gntdev', GNTDEV_COPY, xengnttabGrantCopySegment],
  ['Xen', XEN_COPY, gnttabCopy],
];

/** Ends of ours, of the two copies of the first test. */
const OWN: Readonly<Record<string, readonly object[]>> = {
  gntdev: [{ destVirt: 0x1234_6000n + 5000n }, { sourceVirt: 0x7f00_0000_5000n + 8n }],
  Xen: [
    { destGmfn: 0x1_2347n, destDomid: 0x7ff0, destOffset: 5000 - 4096 },
    { sourceGmfn: 0x7_f000_0005n & 0xffff_ffffn, sourceDomid: 0x7ff0, sourceOffset: 8 },
  ],
};

describe.each(forms)('as %s takes them', (name, form, struct) => {
  it('both ends are written into the structure', () => {
    const { batch, seen } = openDevice(form, struct, () => 0);
    batch.fromGuest(PEER, REF, 100, OURS, 5000, 60);
    batch.toGuest(PEER, REF, 4000, OTHER, 8, 96);
    expect(batch.run()).toBe(0);
    expect(seen).toMatchObject([
      { sourceRef: REF, sourceDomid: PEER, sourceOffset: 100, len: 60, flags: 1 },
      { destRef: REF, destDomid: PEER, destOffset: 4000, len: 96, flags: 2 },
    ]);
    expect(seen).toMatchObject(OWN[name] as object[]);
  });

  it('every copy has its own error, in order', () => {
    const { batch } = openDevice(form, struct, (len) => -len);
    for (const size of [0, 2, 3, 8, 9, 10, 12, 13, 1, 4]) {
      batch.toGuest(PEER, REF, 0, OURS, 0, size);
    }
    expect(batch.run()).toBe(9);
    const errors = Array.from({ length: batch.count }, (_, i) => batch.error(i) ?? 'ok');
    expect(errors.join()).toBe('ok,ESRCH,EINVAL,EACCES,EINVAL,EINVAL,EAGAIN,ENOSPC,EIO,EIO');
  });

  it('a batch that is refused whole has failed in each of its copies', () => {
    const { batch, refuse } = openDevice(form, struct, () => -1);
    refuse();
    batch.toGuest(PEER, REF, 0, OURS, 0, 1);
    batch.toGuest(PEER, REF, 0, OURS, 0, 1);
    expect(batch.run()).toBe(2);
    expect([batch.error(0), batch.error(1)]).toEqual(['EIO', 'EIO']);
  });

  it('a region is looked up once for all copies that follow each other', () => {
    const { batch, lookUps } = openDevice(form, struct, () => 0);
    for (let i = 0; i < 5; i++) batch.toGuest(PEER, REF, 0, OURS, i, 1);
    expect(lookUps()).toBe(1);
    batch.toGuest(PEER, REF, 0, OTHER, 0, 1);
    batch.clear();
    batch.toGuest(PEER, REF, 0, OTHER, 0, 1);
    expect(lookUps()).toBe(3);
  });

  it('what is not ours, too much, or across a page is a bug', () => {
    const { batch } = openDevice(form, struct, () => 0);
    const rows: readonly (readonly [number, Region, number, number, string])[] = [
      [4095, OURS, 0, 2, 'the end of a granted page'],
      [0, OURS, 4095, 2, 'the end of a page of ours'],
      [0, OURS, 8192, 1, 'the end of a page of ours'],
      [-1, OURS, 0, 1, 'the end of a granted page'],
      [0, OURS, 0, -1, 'the end of a page of ours'],
      [0, page(), 0, 1, 'a region that is not ours'],
    ];
    for (const [offset, region, at, size, what] of rows) {
      expect(() => batch.toGuest(PEER, REF, offset, region, at, size)).toThrow(what);
    }
    batch.clear();
    for (let i = 0; i < MAX; i++) batch.fromGuest(PEER, REF, 0, OURS, 0, 1);
    expect(() => batch.fromGuest(PEER, REF, 0, OURS, 0, 1)).toThrow(`more than ${MAX} copies`);
  });

  it('nothing to do is not asked for', () => {
    const { batch, seen } = openDevice(form, struct, () => -1);
    expect(batch.run()).toBe(0);
    expect(seen).toEqual([]);
    expect(() => batch.error(0)).toThrow('copy 0 of 0');
  });
});
