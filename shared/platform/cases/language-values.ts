/** Rows: numbers and texts. */

import { many, one, type Row } from './language-rows.ts';

export const numbers: readonly Row[] = [
  [
    '32-bit arithmetic wraps',
    () => [(0xffffffff + one()) >>> 0, (0x7fffffff + one()) | 0, -one() >>> 28, -8 >> one()],
    '[0,-2147483648,15,-4]',
  ],
  [
    'products are whole',
    () => [Math.imul(0x01000193, 0x811c9dc5), 3 ** 20, 7 % -4, -7 % 4],
    '[84696351,3486784401,3,-3]',
  ],
  [
    'doubles are shown shortest',
    () => [0.1 + 0.2, 1e21 + one(), 5e-324, 1 / 3, -0, 123456789012345680000].map(String),
    '["0.30000000000000004","1e+21","5e-324","0.3333333333333333","0","123456789012345680000"]',
  ],
  [
    'texts are read as numbers',
    () => ['0x1f', ' 12 ', '1e3', '', '1_0', '-'].map(Number).map(String),
    '["31","12","1000","0","NaN","NaN"]',
  ],
  [
    'bases',
    () => [(255).toString(16), (-255).toString(36), (0.5).toString(2)],
    '["ff","-73","0.1"]',
  ],
  [
    'rounding',
    () =>
      [Math.round(2.5), Math.round(-2.5), Math.floor(-0.5), Math.ceil(1.1), Math.sign(-3)].map(
        String,
      ),
    '["3","-2","-1","2","-1"]',
  ],
  [
    'not a number is no number',
    () => [many(1).indexOf(Number.NaN), Object.is(Number.NaN, 0 / (one() - 1)), Object.is(-0, 0)],
    '[-1,true,false]',
  ],
  [
    '64-bit whole numbers',
    () =>
      [
        2n ** 63n - BigInt(one()),
        -7n / 2n,
        -7n % 4n,
        BigInt.asUintN(32, -1n),
        BigInt.asIntN(8, 255n),
        1n << 70n,
      ].map(String),
    '["9223372036854775807","-3","-3","4294967295","-1","1180591620717411303424"]',
  ],
  [
    'and mixed ones are compared',
    () => [5n > one(), BigInt('0x10') + 1n === 17n, Number(2n ** 53n)],
    '[true,true,9007199254740992]',
  ],
];

export const texts: readonly Row[] = [
  [
    'are cut and joined',
    () => ['a/b//c'.split('/'), 'abcdef'.slice(-3, -1), 'a-b-c'.replaceAll('-', '+'), ' x '.trim()],
    '[["a","b","","c"],"de","a+b+c","x"]',
  ],
  ['are padded', () => ['7'.padStart(3, '0'), 'ab'.padEnd(5, '.-')], '["007","ab.-."]'],
  [
    'are searched',
    () => [
      'abcabc'.indexOf('c', 3),
      'abcabc'.lastIndexOf('a'),
      'abc'.includes('bc'),
      'abc'.startsWith('b', 1),
      'é'.charCodeAt(0),
    ],
    '[5,3,true,true,233]',
  ],
  [
    'wide ones are whole',
    () => [[...'a😀b'].length, '😀'.length, String.fromCharCode(0x100 * one() + 0x41), 'z' < 'ä'],
    '[3,2,"Ł",true]',
  ],
  [
    'expressions match',
    () => [
      /^[ \t]*([+-]?)(0x)?(\d+)$/i.exec('  -0X12')?.slice(1),
      /^(?:a|ab)(c)?$/.test('ab'),
      'x1y22'.replace(/\d+/g, (n) => `<${n}>`),
    ],
    '[["-","0X","12"],true,"x<1>y<22>"]',
  ],
  [
    'names in them, and looks ahead',
    () => [
      /(?<key>\w+)=(?<value>.*)/.exec('k=v')?.groups?.value,
      /a(?!b)/.test('ab'),
      'aXbX'.split(/X/),
    ],
    '["v",false,["a","b",""]]',
  ],
  [
    'are made from JSON and back',
    () => [
      JSON.parse('{"a":[1,{"b":null}],"\\u0041":"\\n"}'),
      JSON.stringify({ u: undefined, d: 1.5, s: '\u0001' }),
    ],
    '[{"a":[1,{"b":null}],"A":"\\n"},"{\\"d\\":1.5,\\"s\\":\\"\\\\u0001\\"}"]',
  ],
];
