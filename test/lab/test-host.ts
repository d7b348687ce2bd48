// A host for a test file: what the emulator makes it begin anew counts in the run's tally.
import { expect, inject } from 'vitest';
import { xensHere } from './extent.ts';
import { type HostOptions, type LabHost, labHost } from './host.ts';
import { noteRetry } from './retries.ts';
import type { XenVersion } from './xen-version.ts';

export const testHost = async (
  options: HostOptions & { readonly xen: XenVersion },
): Promise<LabHost> => {
  if (!xensHere.includes(options.xen)) {
    throw new Error(`Xen ${options.xen} has a project of its own: take one of xensHere`);
  }
  return labHost({
    ...options,
    onFault: (fault) => {
      const { currentTestName, testPath } = expect.getState();
      const test = currentTestName ?? `set-up of ${testPath}`;
      noteRetry(inject('labRetries'), { test, ...fault }, console.warn);
    },
  });
};
