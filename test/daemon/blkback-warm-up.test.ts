/** What a backend asks of itself is answered, and leaves nothing behind. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { warmUp } from '../../drivers/blkback/warm-up.unix.ts';
import { must } from '../../shared/core/result.ts';
import { clock } from '../../shared/platform/unix/clock.ts';
import { memory } from '../../shared/platform/unix/memory.ts';
import { createPoller } from '../../shared/platform/unix/poller.ts';

it('asks until all is compiled, and ends', async () => {
  const folder = mkdtempSync('/dev/shm/xtl-warm-');
  const poller = must(createPoller());
  const own = memory();
  await new Promise<void>((resolve) => {
    warmUp({ memory: own, clock, poller, path: join(folder, 'own') }, resolve);
  });
  expect(readdirSync(folder)).toEqual([]);
  poller.close();
  rmSync(folder, { recursive: true });
}, 60_000);
