// The lock of the cache: one at a time, and free again whatever happens.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { withLock } from './lock.ts';

const dir = mkdtempSync(join(tmpdir(), 'lock-'));
const path = join(dir, 'lock');
const quiet = (): void => {};
afterAll(() => rmSync(dir, { recursive: true }));

it('lets one at a time in', async () => {
  let inside = 0;
  let most = 0;
  const work = () =>
    withLock(path, quiet, async () => {
      most = Math.max(most, ++inside);
      await sleep(30);
      inside--;
    });
  await Promise.all([work(), work(), work()]);
  expect(most).toBe(1);
});

it('is free after work that fails, and passes the failure on', async () => {
  const failing = withLock(path, quiet, () => Promise.reject(new Error('mine')));
  await expect(failing).rejects.toThrow('mine');
  expect(await withLock(path, quiet, async () => 'in')).toBe('in');
});

it('is an error when the lock file cannot be made', async () => {
  const work = withLock(join(dir, 'none/lock'), quiet, async () => 'in');
  await expect(work).rejects.toThrow('ENOENT');
});
