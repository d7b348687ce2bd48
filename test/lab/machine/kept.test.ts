// Records of hosts that were left running.
import { expect, it } from 'vitest';
import { parseRecord } from './kept.ts';

const record = {
  xen: '4.17',
  qemu: { pid: 7, startTicks: '99' },
  sshPort: 2222,
  dir: '/d',
  key: '/k',
  image: '/i',
};

it('a record is read back', () => {
  expect(parseRecord(JSON.stringify(record))).toEqual(record);
});

it.each([
  ['', '{', 'null', '[]', '{}', '"x"'],
  [JSON.stringify({ ...record, qemu: { pid: '7', startTicks: '99' } })],
  [JSON.stringify({ ...record, sshPort: undefined })],
  [JSON.stringify({ ...record, dir: 3 })],
])('no record: %j', (...texts) => {
  for (const text of texts) expect(parseRecord(text)).toBeUndefined();
});
