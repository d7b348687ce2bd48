import { expect, it } from 'vitest';
import { LOG_LINES, LOG_WINDOW_MS } from './limits.ts';
import { limitLines } from './log-limit.ts';

it('lets so many lines through, then says how many were left out', () => {
  let now = 0;
  const lines: string[] = [];
  const log = limitLines({ nowMs: () => now }, (line) => lines.push(line));
  for (let i = 0; i < LOG_LINES + 5; i++) log(`line ${i}`);
  expect(lines).toHaveLength(LOG_LINES);
  now = LOG_WINDOW_MS - 1;
  log('still too early');
  expect(lines).toHaveLength(LOG_LINES);
  now = LOG_WINDOW_MS;
  log('again');
  expect(lines.slice(LOG_LINES)).toEqual(['6 lines were left out', 'again']);
});
