// A VM's life on a real Xen: built by xtl, seen by xl, and the other way round.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasEvery, isAll, xensHere } from './extent.ts';
import type { LabHost } from './host.ts';
import { createTwoAtOnce, interruptCreates, shareConsole } from './interrupts.ts';
import { testLabItself } from './lab-itself.ts';
import { testHost } from './test-host.ts';
import { xenVersions } from './xen-version.ts';

/** What a round of creating and destroying must not change. */
const STOCK = 'xl info | grep ^free_memory; xenstore-ls -fp | grep -v ^/tool/xenstored';

/** What libxl keeps of domains beside xenstore. */
const KEPT = 'ls /var/lib/xen';

/** Each must leave exactly what it found. */
const ROUNDS = isAll ? 20 : 2;

// The xenstored in OCaml is here on one of them: other files have the one in C, and ours.
const HOSTS = [
  { xen: '4.17', xenstored: 'ocaml', runs: 'bin/oxenstored' },
  { xen: '4.20', xenstored: 'c', runs: 'bin/xenstored' },
] as const;
const here = HOSTS.filter(({ xen }) => xensHere.includes(xen));

/** Until no domain has that name. */
const gone = (name: string): string =>
  `for i in {1..60}; do xtl vm list | grep -q ${name} || exit 0; sleep 1; done; exit 1`;

describe.each(here)('on Xen $xen with xenstored in $xenstored', (on) => {
  const { xen, xenstored } = on;
  let host: LabHost;
  beforeAll(async () => {
    host = await testHost({ xen, xenstored });
  });
  afterAll(() => host?.end());

  testLabItself(() => host, on);

  it('the unix platform passes the suite of all platforms and leaves nothing', async () => {
    const { stdout, code } = await host.run('node /usr/lib/xtl/tools/cases.mjs');
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^[1-9][0-9]* passed, 0 failed/);
    expect(code).toBe(0);
  });

  if (hasEvery(xen)) {
    const boots = [
      ['debian13', 1, 'xtl', /^6\.12\./],
      ['debian12', 2, 'xl', /^6\.1\./],
    ] as const;
    it.each(isAll ? boots : boots.slice(0, 1))(
      '%s boots with %i vCPUs and 512 MiB, on the console of %s, and ends',
      (name, vcpus, client, release) =>
        host.withGuests(async () => {
          // What cannot be given yet takes nothing away.
          const settings = [`vcpus=${vcpus}`, 'maxmem=1024'];
          const guest = await host.bootGuest(name, { settings, console: client });
          await guest.waitForPrompt();
          expect(await guest.run('uname -r')).toMatch(release);
          expect(await guest.run("printf '%s\\n' 'two words'; echo it\\'s")).toBe(
            "two words\nit's",
          );
          await expect(guest.run('ls /nowhere')).rejects.toThrow('/nowhere');
          expect(await guest.run('nproc')).toBe(String(vcpus));
          const memory = /MemTotal: +([0-9]+)/.exec(await guest.run('cat /proc/meminfo'));
          expect(Number(memory?.[1])).toBeGreaterThan(400 * 1024);
          const columns = `awk 'NR > 1 { print $1, $2, $3, $4 }'`;
          const xl = await host.must(`xl list | ${columns}`);
          expect(await host.must(`xtl vm list | ${columns}`)).toBe(xl);
          expect(xl).toMatch(new RegExp(`^${name} [0-9]+ 512 ${vcpus}$`, 'm'));
          // The one is told to from within, the other from without; the lifecycle service removes
          // both.
          if (client === 'xl') {
            await expect(guest.run('poweroff')).rejects.toThrow(
              "the console's client ended with 0",
            );
            await host.must(gone(name));
          } else await guest.shutdown();
          await host.must(gone(name));
        }),
    );

    it('leaves free memory and xenstore as before, round after round', async () => {
      await host.must('xtl vm create -q -p guests/small.cfg && xtl vm destroy small');
      const before = await host.must(STOCK);
      await host.must(`node /usr/lib/xtl/tools/rounds.mjs guests/small.cfg ${ROUNDS}`);
      expect(await host.must(STOCK)).toBe(before);
    });

    it("works on xl's domains, and xl on its own; a name is kept", () =>
      host.withGuests(async () => {
        await host.must(`xl create -q -p guests/small.cfg 'type="pv"' 'on_reboot="destroy"'`);
        const show = 'xtl vm show small -o json && xtl vm destroy small';
        expect(await host.must(`xtl vm unpause small && ${show}`)).toContain('"name": "small"');
        await host.must(`xtl vm create -q -p guests/small.cfg 'on_reboot="destroy"'`);
        const again = await host.run('xtl vm create -q guests/small.cfg');
        const inUse = expect.stringContaining("'small' is in use");
        expect(again).toMatchObject({ code: 4, stderr: inUse });
        await host.must('xl unpause small && xl pause small && xl destroy small');
        expect(await host.must('xl list')).not.toContain('small');
      }));
  }

  // What libxl keeps changes with its version: the newest one is asked.
  if (isAll || xen === xenVersions.at(-1)) {
    it("xl's verbs know xtl's domain, and nothing is kept of one that is gone", () =>
      host.withGuests(async () => {
        const kept = await host.must(KEPT);
        const long = 'x'.repeat(3900);
        await host.must(`xtl vm create -q -p guests/small.cfg 'cmdline="${long}"'`);
        const [listed] = JSON.parse(await host.must('xl list -l small'));
        expect(listed.config).toMatchObject({
          c_info: { type: 'pvh', name: 'small' },
          b_info: { max_memkb: 163840, target_memkb: 163840, cmdline: long, 'type.pvh': {} },
        });
        await host.must('xl mem-max small 200 && xl mem-set small 150 && xl rename small other');
        expect(await host.must('xl list other')).toMatch(/^other +\d+ +160 /m);
        await host.must('xtl vm destroy other');
        expect(await host.must(KEPT)).toBe(kept);
        await host.must('xl create -q -p guests/small.cfg && xtl vm destroy small');
        expect(await host.must(KEPT)).toBe(kept);
      }));
  }

  if (isAll) {
    const among: readonly (readonly [string, (host: LabHost) => Promise<void>])[] = [
      ['leaves nothing of creates that signals end', interruptCreates],
      ['gives one name to one VM', createTwoAtOnce],
      ["gives a console to one client, xl's or xtl's", shareConsole],
    ];
    it.each(among)('%s', (_what, test) => host.withGuests(() => test(host)));

    it("xl saves and restores xtl's domain", () =>
      host.withGuests(async () => {
        const guest = await host.bootGuest('small');
        await guest.waitForPrompt();
        await host.must('xl save small /root/saved && xl restore -p -e /root/saved && rm saved');
        expect(await host.must('xl list small')).toMatch(/^small +\d+ +160 /m);
        await host.must('xtl vm destroy small');
      }));
  }

  const bad = [
    ['kernel="/no/such"', 3, '/no/such'],
    ['kernel="/bin/bash"', 6, 'PVH'],
    ['ramdisk="/root/guests/vmlinuz-debian12" memory=70', 6, 'ramdisk'],
    ['memory=100000', 1, 'too little memory'],
    ['memory="x"', 6, 'memory must be a whole number'],
  ] as const;
  // Only the lack of memory is the hypervisor's word; the command's own tests have the others.
  it.each(isAll ? bad : bad.filter(([, code]) => code === 1 && hasEvery(xen)))(
    'create with %s ends with %i, names the thing, and leaves nothing',
    async (settings, code, words) => {
      const before = await host.must(STOCK);
      const result = await host.run(
        `xtl vm create -q guests/small.cfg '${settings.replaceAll(' ', "' '")}'`,
      );
      expect(result.code).toBe(code);
      expect(result.stderr).toContain(words);
      expect(await host.must(STOCK)).toBe(before);
    },
  );
});
