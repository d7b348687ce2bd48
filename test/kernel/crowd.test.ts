/** What guests make the store hold is charged to them, in the engine and the memory of a domain. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EVENTS_PER_CHANGE } from '../../services/xenstored/core/limits.ts';
import type { Cost } from '../fuzz/crowd.ts';
import { openScript, type RunScript } from './engine-programs.ts';

const LIMIT_KIB = 6 * 1024;
const SEEDS = Array.from({ length: 16 }, (_, i) => String(i + 1));
/** Eight connections and their readers in the test. */
const CONNECTIONS_BYTES = 192 * 1024;

/** The engine, and the compiler of scripts. */
const COMPILE_MS = 300_000;

let work: string;
let crowd: RunScript;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'xtl-engine-'));
  const entry = 'test/kernel/host/crowd.main.ts';
  crowd = await openScript({ entry, limitKib: LIMIT_KIB, work });
}, COMPILE_MS);
afterAll(() => rmSync(work, { recursive: true }));

test('the heap grows by at most twice what is charged', async () => {
  const costs: Cost[] = (await crowd(...SEEDS)).map((line) => JSON.parse(line));
  expect(costs).toHaveLength(SEEDS.length);
  for (const { charged, grown, mostEvents } of costs) {
    expect(grown).toBeLessThan(2 * charged + CONNECTIONS_BYTES);
    expect(mostEvents).toBeLessThanOrEqual(EVENTS_PER_CHANGE);
  }
  // The worlds are what they say.
  expect(Math.max(...costs.map(({ mostEvents }) => mostEvents))).toBeGreaterThan(1000);
  expect(costs.some(({ refused }) => (refused.ENOMEM ?? 0) > 0)).toBe(true);
});
