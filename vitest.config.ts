// Projects: unit (beside the code), tidy (the house's rules), abi (against Xen's headers),
// conformance (against Xen's own programs), lab (on a real Xen).
import { defineConfig } from 'vitest/config';

const peers = ['test/conformance/**/*.test.ts', 'test/peers/**/*.test.ts'];
const slow = ['**/*.lab.test.ts', 'test/abi/**', 'test/tidy/**', ...peers];
const ignored = ['**/node_modules/**', 'build/**', 'dist/**'];

const project = (name: string, include: string[], rest: object = {}) => ({
  test: { name, include, exclude: ignored, ...rest },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', ['**/*.test.ts'], {
        testTimeout: 60_000,
        exclude: [...ignored, ...slow],
        // Tests of programs run what users run: it is never older than its source.
        globalSetup: ['deploy/setup/fresh-build.mjs'],
      }),
      project('tidy', ['test/tidy/**/*.test.ts']),
      project('conformance', peers, { testTimeout: 120_000, hookTimeout: 300_000 }),
      project('abi', ['test/abi/**/*.test.ts'], { testTimeout: 120_000 }),
      project('lab', ['test/**/*.lab.test.ts'], {
        // Whoever's guest the emulator killed begins anew.
        testTimeout: 900_000,
        hookTimeout: 300_000,
        fileParallelism: false,
      }),
    ],
  },
});
