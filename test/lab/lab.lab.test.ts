// The lab itself, on both Xens: Debian's own tools make, use and end guests there.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasEvery } from './extent.ts';
import { type LabHost, labHost } from './host.ts';

// The xenstored in OCaml is here on one of them: other tests have the one in C.
describe.each([
  { xen: '4.17', xenstored: 'ocaml', runs: 'bin/oxenstored' },
  { xen: '4.20', xenstored: 'c', runs: 'bin/xenstored' },
] as const)('on Xen $xen with xenstored in $xenstored', ({ xen, xenstored, runs }) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await labHost({ xen, xenstored });
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

  if (hasEvery(xen)) {
    it('a guest boots to a prompt, runs commands and powers off', () =>
      host.withGuests(async () => {
        const guest = await host.bootGuest('debian12', { by: 'xl', console: 'xl' });
        await guest.waitForPrompt();
        expect(await guest.run('uname -r')).toMatch(/^6\.1\./);
        expect(await guest.run("printf '%s\\n' 'two words'; echo it\\'s")).toBe("two words\nit's");
        await expect(guest.run('ls /nowhere')).rejects.toThrow('/nowhere');
        await guest.shutdown();
        expect(await host.must('xl list')).not.toContain('debian12');
      }));
  }
});
