// Projects: unit (beside the code), tidy (the house's rules), abi (against Xen's headers),
// conformance (against Xen's own programs), lab-4.17 and lab-4.20 (on a real Xen).
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { isAll } from './test/lab/extent.ts';
import { LongestFirst } from './test/lab/longest-first.ts';
import { newTally, retriesReporter } from './test/lab/retries-reporter.ts';
import { xenVersions } from './test/lab/xen-version.ts';

const peers = ['test/conformance/**/*.test.ts', 'test/peers/**/*.test.ts'];
const lab = ['test/**/*.lab.test.ts'];
/** Only in `npm run test:all`. */
const labAll = ['test/**/*.lab-all.test.ts'];
const slow = [...lab, ...labAll, 'test/abi/**', 'test/tidy/**', ...peers];
const ignored = ['**/node_modules/**', 'build/**', 'dist/**'];

const project = (name: string, include: string[], rest: object = {}) => ({
  test: { name, include, exclude: ignored, ...rest },
});

/** A host's emulator is one thread: so many side by side. */
const hosts = Math.min(2, availableParallelism());

/** Vitest would leave one processor idle: of two, half. */
const workers = Math.max(2, availableParallelism() - 1);

/** Where both projects of the lab note what they begin anew. */
const tally = newTally();

/** The files of the lab on one Xen; those of the other Xen run beside them. */
const labProject = (xen: string) =>
  project(`lab-${xen}`, isAll ? [...lab, ...labAll] : lab, {
    env: { XTL_XEN: xen },
    provide: { labRetries: tally },
    // Whoever's guest the emulator killed begins anew.
    testTimeout: 900_000,
    // The first one makes the images, too.
    hookTimeout: 600_000,
    // After all others: nothing that needs a processor runs beside the hosts.
    sequence: { groupOrder: 1 },
    maxWorkers: hosts,
  });

export default defineConfig({
  test: {
    maxWorkers: workers,
    sequence: { sequencer: LongestFirst },
    reporters: [retriesReporter(tally), 'default'],
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
      ...xenVersions.map(labProject),
    ],
  },
});
