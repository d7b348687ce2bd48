// The lab itself, on both Xens: Debian's own tools make, use and end guests there.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LabHost, labHost } from './host.ts';
import { xenVersions } from './xen-version.ts';

const byXl = { by: 'xl', console: 'xl' } as const;

describe.each(xenVersions)('on Xen %s', (xen) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await labHost({ xen });
  });
  afterAll(() => host?.end());

  it('the hypervisor is the one asked for', async () => {
    expect(await host.must('xl info xen_version')).toMatch(`${xen}.`);
    expect(host.consoleText()).toMatch(`Xen version ${xen}.`);
  });

  it('a command gets its input and returns its output, errors and status', async () => {
    const outcome = await host.run('cat; echo oops >&2; exit 7', 'given');
    expect(outcome).toEqual({ stdout: 'given', stderr: 'oops\n', code: 7 });
  });

  it('a command that hangs is an error that names it', async () => {
    const hung = host.run('sleep 60', { timeoutMs: 1000 });
    await expect(hung).rejects.toThrow('took more than 1 s: sleep 60');
  });

  const name = xen === '4.17' ? 'debian12' : 'debian13';
  const release = xen === '4.17' ? /^6\.1\./ : /^6\.12\./;
  it(`${name}'s kernel boots to a prompt, runs commands and powers off`, () =>
    host.withGuests(async () => {
      const guest = await host.bootGuest(name, byXl);
      await guest.waitForPrompt();
      expect(await guest.run('uname -r')).toMatch(release);
      expect(await guest.run("printf '%s\\n' 'two words'; echo it\\'s")).toBe("two words\nit's");
      await expect(guest.run('ls /nowhere')).rejects.toThrow('/nowhere');
      await guest.shutdown();
      expect(await host.must('xl list')).not.toContain(name);
    }));
});

describe('the fuller guest', () => {
  let host: LabHost;
  beforeAll(async () => {
    host = await labHost({ xen: '4.17', xenstored: 'ocaml' });
  });
  afterAll(() => host?.end());

  it('measures devices, here on a host with the OCaml xenstored', async () => {
    expect(await host.must('ps')).toContain('bin/oxenstored');
    await host.withGuests(async () => {
      const guest = await host.bootGuest('full', byXl);
      await guest.waitForPrompt();
      for (const [command, answer] of [
        ['fio --version', 'fio-3'],
        ['iperf3 -v', 'iperf 3'],
        ['ethtool --version', 'ethtool version'],
        ['/usr/bin/ip -V', 'iproute2'],
      ] as const) {
        expect(await guest.run(command)).toMatch(answer);
      }
      await guest.destroy();
    });
  });
});
