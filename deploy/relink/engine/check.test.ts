import { expect, test } from 'vitest';
import { repoRoot } from '../../../test/lab/paths.ts';
import { openSysroot } from '../sysroot.ts';
import { openToolchain } from '../toolchain.ts';
import { checkLanguage, checkVersion } from './check.ts';
import { KNOWN_VERSION, openEngineSource } from './source.ts';

const COMPILE_MS = 300_000;
const quiet = (): void => {};

test(
  'the engine has the language as services rely on it',
  async () => {
    const source = await openEngineSource(quiet);
    const toolchain = await openToolchain(repoRoot, await openSysroot(quiet), source, quiet);
    await checkLanguage(repoRoot, toolchain);
    await expect(toolchain.runScript('/nowhere.js')).rejects.toThrow('cannot read /nowhere.js');
  },
  COMPILE_MS,
);

const broken = {
  runScript: async () => {
    throw new Error('Error: sorting: [1], not [2]');
  },
};

test('a version that is not known and does not serve is named with the known one', async () => {
  await checkVersion(repoRoot, KNOWN_VERSION, broken);
  await expect(checkVersion(repoRoot, '2027.01.01-1', broken)).rejects.toThrow(
    `2027.01.01-1, not ${KNOWN_VERSION}, and does not have what services rely on: Error: so`,
  );
});
