// Records of hosts that were left running, and the processes that they name.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { parseRecord } from './kept.ts';
import { isAlive, parseStat, processId } from './process-id.ts';

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

it('a process name may hold anything', () => {
  const rest = Array.from({ length: 30 }, (_, i) => i + 3).map(String);
  const text = `12 (a) b) (c) S ${rest.slice(1).join(' ')}`;
  expect(parseStat(text)).toEqual({ state: 'S', startTicks: '22' });
  expect(parseStat('')).toBeUndefined();
});

it('a process is alive until it ends, and its number in another life is not it', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const id = processId(child.pid as number);
  expect(isAlive(id)).toBe(true);
  expect(isAlive({ ...id, startTicks: `${id.startTicks}1` })).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isAlive(id)).toBe(false);
});
