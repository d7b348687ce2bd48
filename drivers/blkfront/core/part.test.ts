/** Names of parts of disks, and parts that must not be used at the same time. */

import { expect, it } from 'vitest';
import { clash, type Part } from './part.ts';
import { parsePlace } from './place.ts';

it.each([
  ['xvda', { disk: 'xvda', partition: undefined }],
  ['xvdab', { disk: 'xvdab', partition: undefined }],
  ['xvda2', { disk: 'xvda', partition: 2 }],
  ['xvda:root', { disk: 'xvda', partition: 'root' }],
  ['xvda:a b:c', { disk: 'xvda', partition: 'a b:c' }],
  ['xvda2:root', undefined],
  ['xvda0', undefined],
  ['xvda:', undefined],
  ['xvd', undefined],
  ['sda', undefined],
  ['/dev/xvda', undefined],
  ['', undefined],
])('%j', (text, want) => {
  expect(parsePlace(text)).toEqual(want);
});

const base: Part = {
  ...{ disk: '51712', first: 100, sectors: 50, isReadOnly: false, isShared: false },
};
const readOnly = { isReadOnly: true };
const shared = { isShared: true };
const whole = { first: 0, sectors: undefined };

it.each<[string, Partial<Part>, Partial<Part>, boolean]>([
  ['the same one', {}, {}, true],
  ['one that begins in the other', {}, { first: 149 }, true],
  ['one beside the other', {}, { first: 150 }, false],
  ['one before the other', {}, { first: 50 }, false],
  ['the whole disk and a part', whole, {}, true],
  ['another disk', {}, { disk: '51728' }, false],
  ['both only read', readOnly, readOnly, false],
  ['one reads, one writes', readOnly, {}, true],
  ['both know of others', shared, shared, false],
  ['one does not know', shared, {}, true],
])('%s: in use or not', (_, a, b, want) => {
  expect(clash({ ...base, ...a }, { ...base, ...b })).toBe(want);
  expect(clash({ ...base, ...b }, { ...base, ...a })).toBe(want);
});
