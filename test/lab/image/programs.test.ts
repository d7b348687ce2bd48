// What the loader says about libraries.
import { expect, it } from 'vitest';
import { parseLibraries } from './programs.ts';

const roots = ['/c/tree', '/c/guest'];

it('libraries of the trees are taken, the loader and the kernel page are not', () => {
  const text = [
    '\tlinux-vdso.so.1 (0x00007ffd)',
    '\tlibz.so.1 => /c/tree/usr/lib/libz.so.1 (0x00007f01)',
    '\tlibaio.so.1 => /c/guest/usr/lib/libaio.so.1 (0x00007f02)',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007f03)',
  ].join('\n');
  expect(parseLibraries(text, roots)).toEqual([
    '/c/tree/usr/lib/libz.so.1',
    '/c/guest/usr/lib/libaio.so.1',
  ]);
});

it.each([
  ['\tlibx.so.1 => not found', 'no package of the lab has libx.so.1'],
  ['\tlibx.so.1 => /usr/lib/libx.so.1 (0x1)', 'no package of the lab has libx.so.1'],
  ['\tlibx.so.1 => /c/tree-old/libx.so.1 (0x1)', 'no package of the lab has libx.so.1'],
])('%j is an error', (text, why) => {
  expect(() => parseLibraries(text, roots)).toThrow(why);
});
