// Ends a run of the tests with what the emulator made them begin anew; see retries.ts.
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';
import { retriesIn, sumOf } from './retries.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The file that retries are noted in. */
    labRetries: string;
  }
}

/** A file that is there once something was begun anew. */
export const newTally = (): string => join(tmpdir(), `xtl-retries-${process.pid}-${Date.now()}`);

/** Before vitest's own reporter in the list, so that its summary stays last. */
export const retriesReporter = (tally: string): Reporter => ({
  onTestRunEnd: (modules: readonly TestModule[]) => {
    const retries = retriesIn(tally);
    rmSync(tally, { force: true });
    if (modules.some(({ project }) => project.name.startsWith('lab-'))) {
      process.stdout.write(`\n${sumOf(retries)}\n`);
    }
  },
});
