// Guests that come and go, on a host whose xenstored is under test.
import { expect } from 'vitest';
import { isAll } from './extent.ts';
import type { LabHost } from './host.ts';

/** In one test, all told. */
export const GUESTS = isAll ? 30 : 3;

/** As many as the machine boots at a time before others time out. */
const AT_A_TIME = 3;

/** What a round of creating and destroying must not change. */
const STOCK = 'xl info | grep ^free_memory; xenstore-ls -fp';

/** GUESTS run, three at a time; what they leave is looked at. */
export const comeAndGo = (host: LabHost): Promise<void> =>
  host.withGuests(async () => {
    const run = async (count: number): Promise<void> => {
      const many = `node /usr/lib/xtl/tools/many.mjs guests/small.cfg ${count} --run`;
      expect(await host.must(`sleep 3 | ${many}`, { timeoutMs: 200_000 })).toBe('made\n');
    };
    await run(1);
    const before = await host.must(STOCK);
    for (let left = GUESTS; left > 0; left -= AT_A_TIME) await run(Math.min(left, AT_A_TIME));
    expect(await host.must(STOCK)).toBe(before);
    await host.must('xenstore-control check');
  });

/** A Linux guest boots, finds its nodes and writes its own, and ends when it is asked to. */
export const liveAndShutDown = (host: LabHost, by: 'xl' | 'xtl'): Promise<void> =>
  host.withGuests(async () => {
    const guest = await host.bootGuest('small', { by, console: by });
    await guest.waitForPrompt();
    expect(await guest.run('hostname')).toBe('guest');
    const domid = (await host.must('xl domid small')).trim();
    const control = `/local/domain/${domid}/control/feature-poweroff`;
    expect(await host.must(`xenstore-read ${control}`)).toBe('1\n');
    await guest.shutdown();
    // It may be dying for a moment.
    await host.must(
      'for i in {1..60}; do xl list small 2>/dev/null || exit 0; sleep 1; done; exit 1',
    );
  });
