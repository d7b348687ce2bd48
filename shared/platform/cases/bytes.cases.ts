/** Cases: work on many bytes at a time, which a stub domain's kernel does in C. */

import { copyBytes, hashOf, latin1Of, putLatin1, putWords, spanOf } from '../../core/bytes.ts';
import { group } from './case.ts';
import { expectBytes, expectEqual, pattern } from './expect.ts';

/** Char codes of every length in UTF-8, two of them a pair of surrogates, one alone. */
const WIDE = 'a\0\u00e9\u2603\u{1F600}\ud800z';
/** Their low bytes. */
const LOW = [0x61, 0, 0xe9, 0x03, 0x3d, 0x00, 0x00, 0x7a];

const upTo = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => i);

export const bytesCases = group('bytes', {
  'every byte is a character and comes back, in texts of any length': () => {
    for (const size of [0, 1, 127, 128, 256, 511, 512, 513, 5000]) {
      const bytes = pattern(size + 6, size);
      const text = latin1Of(bytes, 3, 3 + size);
      expectEqual(text.length, size, `length of ${size}`);
      const back = new Uint8Array(size + 6).fill(7);
      expectEqual(putLatin1(back, 3, text), 3 + size, `where the next byte goes after ${size}`);
      expectBytes(back.slice(3, 3 + size), bytes.slice(3, 3 + size), `${size} bytes`);
      expectEqual(
        back.filter((byte, i) => byte === 7 && (i < 3 || i >= 3 + size)).length,
        6,
        'edge',
      );
    }
  },

  'a part of a view is a part of the view': () => {
    const view = upTo(200).subarray(60, 100);
    expectEqual(latin1Of(view, 5, 8), 'ABC', 'three of them');
    expectEqual(putLatin1(view, 1, 'xy'), 3, 'where the next one goes');
    expectBytes(view.slice(0, 4), Uint8Array.of(60, 0x78, 0x79, 63), 'two written');
  },

  'of wide characters the low bytes count': () => {
    const bytes = new Uint8Array(LOW.length);
    expectEqual(putLatin1(bytes, 0, WIDE), LOW.length, 'where the next byte goes');
    expectBytes(bytes, Uint8Array.from(LOW), 'low bytes');
    expectEqual(hashOf(WIDE), hashOf(latin1Of(bytes, 0, bytes.length)), 'hash');
  },

  'hashes are the same everywhere': () => {
    const texts = ['', 'a', '/local/domain/1/device/vif/0/state', '\u00ff'.repeat(300)];
    expectEqual(texts.map(hashOf).join(), '0,128,581296501,-1887251348', 'hashes');
  },

  'a text begins with so many characters of a set': () => {
    const set = new Uint8Array(128).fill(1, 0x61, 0x7b);
    const rows = ['', 'abc', 'abC', 'A', 'ab\u00e9', 'ab\u0161c', '\0a', 'zz\u2603'];
    expectEqual(rows.map((text) => spanOf(text, set)).join(), '0,3,2,0,2,2,0,2', 'spans');
    expectEqual(spanOf('~\x7f', new Uint8Array(0x7f).fill(1)), 1, 'a short set');
  },

  'words lie with their low bytes first, and copies where they should': () => {
    const bytes = new Uint8Array(20);
    putWords(bytes, 3, 1, 0x01020304, -1, 2 ** 32 - 2);
    const words = [1, 0, 0, 0, 4, 3, 2, 1, 255, 255, 255, 255, 254, 255, 255, 255];
    expectBytes(bytes.slice(3, 19), Uint8Array.from(words), 'words');
    const to = new Uint8Array(300);
    copyBytes(upTo(256), 10, to, 40, 200);
    expectBytes(to.slice(40, 240), upTo(256).slice(10, 210), 'a copy');
    copyBytes(to, 0, bytes, 20, 0);
    expectEqual(to[39], 0, 'before it');
    expectEqual(to[240], 0, 'behind it');
  },
});
