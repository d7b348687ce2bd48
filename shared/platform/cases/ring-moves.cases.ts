/** Cases: bytes through a ring of bytes, which a stub domain's kernel moves in C. */

import { prng } from '../../core/prng.ts';
import {
  BROKEN,
  type ByteRing,
  peekRing,
  type RingPage,
  takeRing,
  writeRing,
} from '../../core/ring-moves.ts';
import { group } from './case.ts';
import { expectBytes, expectEqual, pattern } from './expect.ts';

const SIZE = 128;
const RING: ByteRing = {
  ...{ at: 64, size: SIZE, consWord: 2, prodWord: 60 },
  place: Uint32Array.of(64, SIZE, 2, 60),
};

/** A page whose ring has indices `cons` and `prod`. */
function pageAt(cons: number, prod: number): RingPage {
  const memory = new ArrayBuffer(256);
  const page = { bytes: new Uint8Array(memory).fill(0xee), words: new Int32Array(memory) };
  page.words[RING.consWord] = cons;
  page.words[RING.prodWord] = prod;
  return page;
}

const indices = ({ words }: RingPage): string =>
  [words[RING.consWord], words[RING.prodWord]].map((index) => (index as number) >>> 0).join();

export const ringMovesCases = group('ring moves', {
  'bytes come out as they went in, wherever the ring and its indices wrap': () => {
    for (const start of [0, 1, SIZE - 1, 0x7fffffc0, 2 ** 32 - 7]) {
      const page = pageAt(start, start);
      const sent = pattern(SIZE, start & 0xff);
      expectEqual(writeRing(page, RING, sent, 0, SIZE), SIZE, `written at ${start}`);
      expectEqual(writeRing(page, RING, sent, 0, SIZE), 0, `written where it is full at ${start}`);
      const got = new Uint8Array(SIZE + 2);
      expectEqual(peekRing(page, RING, got, 1, 999), SIZE, `seen at ${start}`);
      expectBytes(got.subarray(1, 1 + SIZE), sent, `bytes at ${start}`);
      expectEqual(`${got[0]},${got[SIZE + 1]}`, '0,0', 'beside them');
      takeRing(page, RING, SIZE);
      const end = (start + SIZE) >>> 0;
      expectEqual(indices(page), `${end},${end}`, 'indices');
      expectEqual(peekRing(page, RING, got, 1, 999), 0, 'seen afterwards');
    }
  },

  'any pieces in any order make the stream that was written': () => {
    const random = prng(12);
    const page = pageAt(2 ** 32 - 1000, 2 ** 32 - 1000);
    const sent = pattern(4000, 3);
    const got = new Uint8Array(4000);
    let [written, taken] = [0, 0];
    while (taken < sent.length) {
      const end = Math.min(sent.length, written + random.below(100));
      const room = SIZE - (written - taken);
      const count = writeRing(page, RING, sent, written, end);
      expectEqual(count, Math.min(room, end - written), 'written');
      written += count;
      const seen = peekRing(page, RING, got, taken, random.below(100));
      const use = random.below(seen + 1);
      takeRing(page, RING, use);
      taken += use;
    }
    expectBytes(got, sent, 'the stream');
  },

  'only the ring and the own index are written': () => {
    const page = pageAt(5, 5);
    writeRing(page, RING, new Uint8Array(SIZE), 0, SIZE);
    const inRing = (i: number): boolean => i >= RING.at && i < RING.at + SIZE;
    const isIndex = (i: number): boolean => i >> 2 === RING.prodWord || i >> 2 === RING.consWord;
    page.bytes.forEach((byte, i) => {
      if (!isIndex(i)) expectEqual(byte, inRing(i) ? 0 : 0xee, `byte ${i}`);
    });
    expectEqual(indices(page), `5,${5 + SIZE}`, 'indices');
  },

  'impossible indices are told, and nothing is moved': () => {
    const rows: readonly (readonly [number, number])[] = [
      [0, SIZE + 1],
      [1, 0],
      [0, 0x80000000],
      [0, 0xffffffff],
      [0xffffffff, SIZE],
    ];
    for (const [cons, prod] of rows) {
      const page = pageAt(cons, prod);
      const before = page.bytes.slice();
      const other = pattern(8, 1);
      expectEqual(peekRing(page, RING, other, 0, 8), BROKEN, `seen at ${cons}, ${prod}`);
      expectEqual(writeRing(page, RING, other, 0, 8), BROKEN, `written at ${cons}, ${prod}`);
      expectBytes(page.bytes, before, 'the page');
      expectBytes(other, pattern(8, 1), 'the bytes');
    }
  },
});
