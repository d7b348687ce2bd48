/** TAPs on this machine's kernel: each scene has a network namespace of its own. */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deviceScenes } from './tap-device-scenes.ts';
import { frameScenes } from './tap-frame-scenes.ts';

const root = join(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'xtl-taps-'));
const program = join(dir, 'scene.mjs');
const run = promisify(execFile);

const MAIN = `
import { deviceScenes, helpers } from './test/daemon/tap-device-scenes.ts';
import { frameScenes } from './test/daemon/tap-frame-scenes.ts';
await { ...helpers, ...deviceScenes, ...frameScenes }[process.argv[2]]();
process.exit(0);
`;

beforeAll(async () => {
  const from = JSON.stringify(`file://${join(root, 'package.json')}`);
  await build({
    absWorkingDir: root,
    stdin: { contents: MAIN, resolveDir: root, loader: 'ts' },
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['koffi'],
    define: { 'import.meta.url': from },
  });
});
afterAll(() => rmSync(dir, { recursive: true }));

/** What /sys shows of interfaces are those of the namespace in which it was mounted. */
const INSIDE = 'mount -t sysfs sysfs /sys && ip link set lo up && exec "$@"';
const AS_ROOT = process.getuid?.() === 0 ? [] : ['--map-root-user'];

it.each(Object.keys({ ...frameScenes, ...deviceScenes }))('%s', async (name) => {
  const inside = ['sh', '-c', INSIDE, 'sh', process.execPath, program, name];
  const ended = run('unshare', ['--net', '--mount', ...AS_ROOT, ...inside], { timeout: 60_000 });
  const { stderr } = await ended;
  expect(stderr).toBe('');
});
