// @ts-check
// The npm packages: installed by `npm ci` when they are not those of package-lock.json.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { say } from './say.mjs';

/** @typedef {{ version?: string, optional?: boolean, peer?: boolean }} Entry */

/** @type {(path: string) => Record<string, Entry>} */
const entries = (path) => JSON.parse(readFileSync(path, 'utf8')).packages ?? {};

/**
 * Whether npm's record of what it installed agrees with the lock file. Packages for other
 * processors and systems are optional and may be absent.
 * @type {(wanted: Record<string, Entry>, installed: Record<string, Entry>) => boolean}
 */
export const agrees = (wanted, installed) =>
  Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || (installed[path] ? installed[path].version === version : optional === true),
  ) && Object.keys(installed).every((path) => path in wanted);

/** No package's own script runs: nothing that we use needs one. @type {(root: string) => void} */
export const ensureDependencies = (root) => {
  const record = join(root, 'node_modules/.package-lock.json');
  const wanted = entries(join(root, 'package-lock.json'));
  if (existsSync(record) && agrees(wanted, entries(record))) return;
  say('installing npm packages (npm ci)');
  const { status, error } = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
    {
      cwd: root,
      stdio: ['inherit', 2, 2],
    },
  );
  if (error) throw new Error(`cannot run npm: ${error.message}`);
  if (status !== 0) throw new Error(`npm ci ended with ${status}`);
};
