// A real Xen whose xenstore is a domain of its own, started by Xen's tool and by ours; everything
// else on it is Xen's and Linux's own.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasEvery, isAll, xensHere } from '../lab/extent.ts';
import type { LabHost } from '../lab/host.ts';
import { testHost } from '../lab/test-host.ts';
import { comeAndGo, GUESTS, liveAndShutDown } from './come-and-go.ts';

/** The first two on each run, the others in `npm run test:all`. */
const ALL = [
  { xen: '4.17', xenstored: 'xtl-stubdom' },
  { xen: '4.20', xenstored: 'stubdom' },
  { xen: '4.17', xenstored: 'stubdom' },
  { xen: '4.20', xenstored: 'xtl-stubdom' },
] as const;
const ON = (isAll ? ALL : ALL.slice(0, 2)).filter(({ xen }) => xensHere.includes(xen));

const CONSOLE = '/var/log/xen/console/guest-Xenstore.log';

/** What must not happen to it. */
const ENDS = ['destroy --force 1', 'destroy 1', 'pause Xenstore', 'shutdown Xenstore'];

/** Writes until that fails, looks, takes all away, and writes again. */
const FILL = `value=$(head -c 2000 /dev/zero | tr '\\0' v)
for i in {1..200}; do
  words=(); for j in {1..50}; do words+=(/fill/$i/$j $value); done
  xenstore-write "\${words[@]}" || { echo full after $i times 50; break; }
done
xenstore-read /tool/xenstored/domid
xtl store rm /fill
xenstore-write /fill "$value" && xenstore-rm /fill && echo room again`;

describe.each(ON)('on Xen $xen, started as $xenstored', ({ xen, xenstored }) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await testHost({ xen, xenstored });
  });
  afterAll(() => host?.end());

  it('dom0 came up with it: 8 MiB, and its kernel and tools are connected', () =>
    host.withGuests(async () => {
      expect(await host.must('xl list')).toMatch(/^Xenstore +1 +8 +1 /m);
      expect(await host.must('xtl vm list')).toMatch(/^Xenstore +1 +8 +1 /m);
      expect(await host.must('ls /run/xenstored')).toBe('');
      expect(await host.must('xenstore-read /tool/xenstored/domid domid')).toBe('1\n0\n');
      await host.must('xenstore-control check');
      await host.must('xenstore-write /test/x 1 && xtl store rm /test');
    }));

  // xtl makes PVH guests alone, which boot slowly here: in each run, another file has one.
  it.each(isAll ? (['xl', 'xtl'] as const) : (['xl'] as const))(
    'a Linux guest of %s runs and shuts down',
    (by) => liveAndShutDown(host, by),
  );

  it('Xen’s own test of a xenstored passes through dom0’s kernel', () =>
    host.withGuests(async () => {
      const { code, stdout } = await host.run(`/usr/lib/xen-${xen}/bin/test-xenstore -r 2 -i 20`);
      expect([code, stdout]).toEqual([0, expect.not.stringContaining('fail')]);
    }));

  if (hasEvery(xen)) {
    it('is told as what it is, and is not ended, paused or shut down by mistake', async () => {
      expect(await host.must('xtl doctor')).toContain("xenstored: xtl's, in domain 1, answers");
      for (const words of isAll ? ENDS : ENDS.slice(0, 1)) {
        const { code, stderr } = await host.run(`xtl vm ${words}`);
        expect([code, stderr]).toEqual([4, expect.stringContaining('it serves xenstore')]);
      }
      expect(await host.must('xl list')).toMatch(/^Xenstore +1 +8 +1 +[-r][-b]---/m);
      const { code, stderr } = await host.run('xtl xenstored restart');
      expect([code, stderr]).toEqual([4, expect.stringContaining('served by domain 1')]);
    });

    it(`${GUESTS} guests come and go and leave everything as it was`, () => comeAndGo(host));

    it('random sessions of dom0’s tools are as the core has them', () =>
      host.withGuests(async () => {
        const sessions = 'node /usr/lib/xtl/tools/sessions.mjs 1 4 100';
        expect(await host.must(sessions)).toBe('4 passed, 0 failed\n');
      }));

    it('a full heap refuses what adds to it; the domain lives, and forgets what is removed', () =>
      host.withGuests(async () => {
        const { code, stdout, stderr } = await host.run(FILL);
        expect([code, stderr]).toEqual([0, expect.stringMatching(/could.*write path/i)]);
        expect(stdout).toMatch(/^full after [1-9]\d* times 50\n1\nroom again\n$/);
      }));
  }

  it('it has nothing to complain of', async () => {
    const log = (await host.must(`cat ${CONSOLE}`)).trim().split('\n');
    expect(log.map((line) => JSON.parse(line).msg)).toEqual(['serves all domains']);
  });
});
