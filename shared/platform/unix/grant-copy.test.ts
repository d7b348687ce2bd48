/** Grant copies against a device of the test's own. */

import { expect, test } from 'vitest';
import { xengnttabGrantCopySegment as segment } from '../../abi/gnttab-lib.ts';
import { domid, gref } from '../../core/ids.ts';
import { decode, encode } from '../../core/layout.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { CopyOp } from '../grants.ts';
import type { Region } from '../region.ts';
import { copier } from './grant-copy.ts';

const page = (fill = 0): Region => {
  const bytes = new Uint8Array(8192).fill(fill);
  return { bytes, words: new Int32Array(bytes.buffer) };
};
const OURS = page();
const granted = (offset: number) => ({ domid: domid(5), gref: gref(77), offset });

/** Answers each segment with the status for its length. */
function device(status: (len: number) => number, whole: () => Result<void> = ok) {
  const seen: ReturnType<typeof decode<typeof segment.fields>>[] = [];
  const batches: number[] = [];
  const copy = copier({
    addressOf: (region) => (region === OURS ? 0x7f12_3456_7000 : undefined),
    run: (count, segments) => {
      batches.push(count);
      for (let i = 0; i < count; i++) {
        const values = decode(segment, segments, i * segment.size);
        seen.push(values);
        encode(segment, segments, i * segment.size, { status: status(values.len) });
      }
      return whole();
    },
  });
  return { copy, seen, batches };
}

function shown(results: readonly Result<void>[]): string {
  return results.map((result) => (result.ok ? 'ok' : result.error.errno)).join();
}

test('both ends are written as the library wants them', () => {
  const { copy, seen } = device(() => 0);
  copy([
    { from: granted(100), to: { region: OURS, offset: 5000 }, size: 60 },
    { from: { region: OURS, offset: 8 }, to: granted(4000), size: 96 },
    { from: granted(1), to: granted(2), size: 3 },
  ]);
  const end = { ref: 77, domid: 5 };
  expect(seen).toMatchObject([
    { sourceRef: end.ref, sourceDomid: end.domid, sourceOffset: 100, len: 60, flags: 1 },
    { destRef: end.ref, destDomid: end.domid, destOffset: 4000, len: 96, flags: 2 },
    { sourceOffset: 1, destOffset: 2, len: 3, flags: 3 },
  ]);
  expect(seen[0]?.destVirt).toBe(0x7f12_3456_7000n + 5000n);
  expect(seen[1]?.sourceVirt).toBe(0x7f12_3456_7000n + 8n);
});

test('every operation has its own result, in order', () => {
  const { copy } = device((len) => -len);
  const ops = [0, 2, 3, 8, 9, 10, 12, 13, 1, 4].map((size) => ({
    from: granted(0),
    to: { region: OURS, offset: 0 },
    size,
  }));
  expect(shown(copy(ops))).toBe('ok,ESRCH,EINVAL,EACCES,EINVAL,EINVAL,EAGAIN,ENOSPC,EIO,EIO');
});

test('what does not fit into pages is refused before the device sees it', () => {
  const { copy, batches } = device(() => 0);
  const local = (offset: number) => ({ region: OURS, offset });
  const bad: CopyOp[] = [
    { from: local(0), to: granted(4095), size: 2 },
    { from: local(4095), to: granted(0), size: 2 },
    { from: local(8191), to: granted(0), size: 2 },
    { from: local(8192), to: granted(0), size: 1 },
    { from: granted(-1), to: local(0), size: 1 },
    { from: granted(0), to: local(0), size: -1 },
  ];
  expect(shown(copy(bad))).toBe(bad.map(() => 'EINVAL').join());
  expect(batches).toEqual([]);
});

test('many operations go in batches, refused ones beside them', () => {
  const { copy, batches } = device(() => 0);
  const ops = Array.from({ length: 300 }, (_, i) => ({
    from: granted(i === 150 ? 5000 : 0),
    to: { region: OURS, offset: 0 },
    size: 1,
  }));
  const results = copy(ops);
  expect(batches).toEqual([128, 128, 43]);
  expect(results.findIndex((result) => !result.ok)).toBe(150);
  expect(results.filter((result) => result.ok).length).toBe(299);
});

test('a batch that the kernel refuses fails all its operations', () => {
  const { copy } = device(
    () => 0,
    () => fail('EFAULT', 'refused'),
  );
  const op = { from: granted(0), to: granted(0), size: 1 };
  expect(shown(copy([op, op]))).toBe('EFAULT,EFAULT');
});

test('between regions of ours no device is asked', () => {
  const { copy, batches } = device(() => 0);
  const [from, to] = [page(7), page()];
  const op = { from: { region: from, offset: 4090 }, to: { region: to, offset: 10 }, size: 6 };
  expect(shown(copy([op]))).toBe('ok');
  expect([...to.bytes.subarray(9, 17)]).toEqual([0, 7, 7, 7, 7, 7, 7, 0]);
  expect(batches).toEqual([]);
});
