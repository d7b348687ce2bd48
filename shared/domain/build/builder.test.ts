import { expect, test } from 'vitest';
import { builderOf, markOf } from './builder.ts';
import { formatUuid, parseUuid, randomUuid } from './uuid.ts';

const BUILDERS = [
  { pid: 1, startTicks: 0 },
  { pid: 4_194_304, startTicks: 123_456_789 },
  { pid: 65_536, startTicks: 2 ** 32 },
  { pid: 77, startTicks: 2 ** 40 - 1 },
];

test.each(BUILDERS)('process $pid, started at $startTicks, is read from its mark', (builder) => {
  expect(builderOf(markOf(builder, new Uint8Array(16).fill(255)))).toEqual(builder);
});

test('marks of one process differ, and are uuids of version 8', () => {
  const marks = [0, 1, 2].map((byte) =>
    formatUuid(markOf({ pid: 5, startTicks: 9 }, new Uint8Array(16).fill(byte))),
  );
  expect(new Set(marks).size).toBe(3);
  for (const mark of marks) expect(mark).toMatch(/^78746c3a-0([012])0\1-8000-80/);
});

const OTHERS: [string, Uint8Array][] = [
  ['of dom0', new Uint8Array(16)],
  ['of a random uuid', parseUuid(randomUuid(new Uint8Array(16).fill(0x78)))],
  ['that begins as a mark does', parseUuid('78746c3a-0000-4000-8000-000000000001')],
  ['of another variant', parseUuid('78746c3a-0000-8000-c000-000000000001')],
];

test.each(OTHERS)('a uuid %s is no mark', (_, uuid) => {
  expect(builderOf(uuid)).toBeUndefined();
});
