// A host for a test file: what the emulator makes it begin anew counts in the run's tally.
import { expect, inject } from 'vitest';
import { type HostOptions, type LabHost, labHost } from './host.ts';
import { noteRetry } from './retries.ts';

export const testHost = (options: HostOptions = {}): Promise<LabHost> =>
  labHost({
    ...options,
    onFault: (fault) => {
      const { currentTestName, testPath } = expect.getState();
      const test = currentTestName ?? `set-up of ${testPath}`;
      noteRetry(inject('labRetries'), { test, ...fault }, console.warn);
    },
  });
