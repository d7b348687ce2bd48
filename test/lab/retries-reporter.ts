// Ends a run of the tests with what the emulator made them begin anew; see retries.ts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Reporter, TestModule, Vitest } from 'vitest/node';
import { retriesIn, sumOf } from './retries.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The file that retries are noted in. */
    labRetries: string;
  }
}

/** Before vitest's own reporter in the list, so that its summary stays last. */
export const retriesReporter = (): Reporter => {
  let tally = '';
  return {
    onInit: (vitest: Vitest) => {
      tally = join(mkdtempSync(join(tmpdir(), 'xtl-retries-')), 'tally');
      writeFileSync(tally, '');
      vitest.provide('labRetries', tally);
    },
    onTestRunEnd: (modules: readonly TestModule[]) => {
      const retries = retriesIn(tally);
      rmSync(dirname(tally), { recursive: true });
      if (modules.some(({ project }) => project.name.startsWith('lab-'))) {
        process.stdout.write(`\n${sumOf(retries)}\n`);
      }
    },
  };
};
