// Tests of the lab itself, for a file that has a host anyway: a boot takes longer than they do.
import { expect, it } from 'vitest';
import type { LabHost } from './host.ts';
import type { XenVersion } from './xen-version.ts';

export interface Expected {
  readonly xen: XenVersion;
  /** In the list of dom0's processes. */
  readonly runs: string;
}

/** Defines the tests; `host` is asked for when they run. */
export const testLabItself = (host: () => LabHost, { xen, runs }: Expected): void => {
  it('the hypervisor and the xenstored are the ones asked for', async () => {
    expect(await host().must('xl info xen_version')).toMatch(`${xen}.`);
    expect(host().consoleText()).toMatch(`Xen version ${xen}.`);
    expect(await host().must('ps')).toContain(runs);
  });

  it('a command gets its input and returns its output, errors and status', async () => {
    const outcome = await host().run('cat; echo oops >&2; exit 7', 'given');
    expect(outcome).toEqual({ stdout: 'given', stderr: 'oops\n', code: 7 });
  });

  it('a command that hangs is an error that names it', async () => {
    const hung = host().run('sleep 60', { timeoutMs: 1000 });
    await expect(hung).rejects.toThrow('took more than 1 s: sleep 60');
  });
};
