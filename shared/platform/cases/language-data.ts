/** Rows: lists, maps and bytes. */

import { many, type Row } from './language-rows.ts';

export const collections: readonly Row[] = [
  [
    'maps keep their order while they change',
    () => {
      const map = new Map<unknown, number>([
        ['a', 1],
        [Number.NaN, 2],
        [0, 3],
      ]);
      map.delete('a');
      map.set('a', 4).set(Number.NaN, 5);
      for (const [key] of map) if (key === 0) map.set('late', 6);
      return [...map].map(([key, value]) => `${String(key)}${value}`);
    },
    '["NaN5","03","a4","late6"]',
  ],
  [
    'sets have a thing once',
    () => [...new Set([1, '1', 1, Number.NaN, Number.NaN])].map(String),
    '["1","1","NaN"]',
  ],
  [
    'sorting is stable',
    () =>
      many(40)
        .map((i) => ({ key: i % 3, i }))
        .sort((a, b) => a.key - b.key)
        .slice(12, 16)
        .map(({ i }) => i),
    '[36,39,1,4]',
  ],
  [
    'copies leave the original',
    () => {
      const list = [3, 1, 2];
      return [list.toSpliced(1, 1, 8, 9), list.concat([4], 5), list.slice().reverse(), list];
    },
    '[[3,8,9,2],[3,1,2,4,5],[2,1,3],[3,1,2]]',
  ],
  [
    'lists are searched and folded',
    () => [
      many(5).findLast((i) => i < 3) ?? 'none',
      many(5).find((i) => i > 3),
      [1, [2, [3]]].flatMap((x) => [x, 0]),
      many(4).some((i) => i > 2),
      many(4).every((i) => i > 2),
      [1, 2].indexOf(2),
      many(3).at(-1),
    ],
    '[2,4,[1,0,[2,[3]],0],true,false,1,2]',
  ],
  [
    'objects are listed in order',
    () => [
      Object.entries({ b: 1, 2: 2, a: 3, 1: 4 }),
      Object.assign({ a: 1 }, { b: 2 }),
      { ...{ x: 1 }, x: 2 },
    ],
    '[[["1",4],["2",2],["b",1],["a",3]],{"a":1,"b":2},{"x":2}]',
  ],
];

export const bytes: readonly Row[] = [
  [
    'views share bytes',
    () => {
      const own = new Uint8Array(8);
      const view = new DataView(own.buffer, 2, 4);
      view.setUint32(0, 0xdeadbeef, true);
      view.setUint16(0, 0x1234);
      return [[...own], view.getInt16(2, true), view.getUint8(3)];
    },
    '[[0,0,18,52,173,222,0,0],-8531,222]',
  ],
  [
    'stores are cut',
    () => {
      const own = new Uint8Array(3);
      own[0] = 257;
      own[1] = -1;
      own[5] = 9;
      return [[...own], own[5] === undefined, [...Int32Array.of(2 ** 31)]];
    },
    '[[1,255,0],true,[-2147483648]]',
  ],
  [
    'wide numbers are kept',
    () => {
      const view = new DataView(new ArrayBuffer(8));
      view.setBigUint64(0, 0xfedcba9876543210n, true);
      return [view.getUint32(0), String(view.getBigUint64(0)), String(view.getBigUint64(0, true))];
    },
    '[271733878,"1167088121787636990","18364758544493064720"]',
  ],
  [
    'parts are moved, filled and found',
    () => {
      const own = Uint8Array.from(many(8));
      own.copyWithin(0, 4, 6);
      own.set(own.subarray(0, 2), 6);
      return [[...own], own.indexOf(5, 2), own.indexOf(9), [...own.slice(2, 4).fill(7)]];
    },
    '[[4,5,2,3,4,5,4,5],5,-1,[7,7]]',
  ],
  [
    'words are shared',
    () => {
      const words = new Int32Array(new SharedArrayBuffer(8));
      Atomics.store(words, 1, -5);
      return [
        Atomics.add(words, 1, 3),
        Atomics.load(words, 1),
        Atomics.compareExchange(words, 0, 0, 7),
        words[0],
      ];
    },
    '[-5,-2,0,7]',
  ],
];
