// The lab itself, on both Xens; its guests are in the other files.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabHost } from './host.ts';
import { testHost } from './test-host.ts';

// The xenstored in OCaml is here on one of them: other tests have the one in C.
describe.each([
  { xen: '4.17', xenstored: 'ocaml', runs: 'bin/oxenstored' },
  { xen: '4.20', xenstored: 'c', runs: 'bin/xenstored' },
] as const)('on Xen $xen with xenstored in $xenstored', ({ xen, xenstored, runs }) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await testHost({ xen, xenstored });
  });
  afterAll(() => host?.end());

  it('the hypervisor and the xenstored are the ones asked for', async () => {
    expect(await host.must('xl info xen_version')).toMatch(`${xen}.`);
    expect(host.consoleText()).toMatch(`Xen version ${xen}.`);
    expect(await host.must('ps')).toContain(runs);
  });

  it('a command gets its input and returns its output, errors and status', async () => {
    const outcome = await host.run('cat; echo oops >&2; exit 7', 'given');
    expect(outcome).toEqual({ stdout: 'given', stderr: 'oops\n', code: 7 });
  });

  it('a command that hangs is an error that names it', async () => {
    const hung = host.run('sleep 60', { timeoutMs: 1000 });
    await expect(hung).rejects.toThrow('took more than 1 s: sleep 60');
  });
});
