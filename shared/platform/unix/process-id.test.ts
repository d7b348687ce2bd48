import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { isAlive, parseStat, processId } from './process-id.ts';

it('reads past a name that holds anything', () => {
  const text = `7 (a) Z 1 (x) S ${Array.from({ length: 18 }, (_, i) => i).join(' ')} 22 0`;
  expect(parseStat(text)).toEqual({ state: 'S', startTicks: '22', workedTicks: 10 + 11 });
  expect(parseStat('')).toBeUndefined();
});

it('tells a process from one of its number that started at another time', () => {
  const self = processId(process.pid);
  expect(isAlive(self)).toBe(true);
  expect(isAlive({ ...self, startTicks: `${self.startTicks}1` })).toBe(false);
});

it('knows a process that has ended', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const id = processId(child.pid as number);
  expect(isAlive(id)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isAlive(id)).toBe(false);
  expect(isAlive(processId(id.pid))).toBe(false);
});
