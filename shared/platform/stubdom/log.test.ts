import { expect, test } from 'vitest';
import { openLog } from './log.ts';
import { openRoom } from './room.ts';
import { serviceWords } from './words.ts';

test('a log line is JSON that says who, when and how bad', () => {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const log = openLog({ print, wall: () => 1234.6, service: 'store', domid: 7 });
  log.info('serves');
  log.error('"odd"\nline', { errno: 'EIO', count: 2 });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { level: 30, time: 1235, service: 'store', domid: 7, msg: 'serves' },
    {
      level: 50,
      time: 1235,
      service: 'store',
      domid: 7,
      errno: 'EIO',
      count: 2,
      msg: '"odd"\nline',
    },
  ]);
  expect(lines.join('')).not.toContain('\n');
});

test.each([
  [5 << 20, 0, true],
  [0, 5 << 20, true],
  [200 << 10, 200 << 10, true],
  [100 << 10, 100 << 10, false],
])('%d bytes in the heap and %d beside it are room: %o', (heapFree, pagesFree, enough) => {
  const room = openRoom({ memory: (into) => into.set([8 << 20, 1000, heapFree, pagesFree]) });
  expect(room.hasRoom()).toBe(enough);
  expect(room.figures()).toEqual({ total: 8 << 20, heapUsed: 1000, heapFree, pagesFree });
});

test.each([
  ['', []],
  ['--event 3', ['--event', '3']],
  [' console=log  --event 3 console=x -N ', ['--event', '3', '-N']],
])('of the command line %j a service reads %j', (commandLine, words) => {
  expect(serviceWords({ commandLine })).toEqual(words);
});
