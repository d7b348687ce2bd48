// The suite that every platform must pass, on the unix platform in a real dom0.
import { afterAll, describe, expect, it } from 'vitest';
import { type LabHost, labHost } from './host.ts';
import { xenVersions } from './xen-version.ts';

describe.each(xenVersions)('on Xen %s', (xen) => {
  let host: LabHost | undefined;
  afterAll(() => host?.end());

  it('the unix platform passes every case and leaves nothing', async () => {
    host = await labHost({ xen });
    const { stdout, code } = await host.run('node /usr/lib/xtl/tools/cases.mjs');
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^[1-9][0-9]* passed, 0 failed/);
    expect(code).toBe(0);
  });
});
