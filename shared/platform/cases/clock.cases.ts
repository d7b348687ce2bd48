/** Cases: time. */

import { group } from './case.ts';
import { expectEqual, expectThat } from './expect.ts';

export const clockCases = group('clock', {
  'time never goes back': async ({ platform: { clock } }) => {
    let last = clock.nowMs();
    for (let i = 0; i < 50; i++) {
      if (i % 10 === 0) await clock.sleep(1);
      const now = clock.nowMs();
      expectThat(now >= last, `time went from ${last} to ${now}`);
      last = now;
    }
  },

  'a sleep takes at least its time': async ({ platform: { clock } }) => {
    const start = clock.nowMs();
    await clock.sleep(30);
    const took = clock.nowMs() - start;
    // Hosts' timers may be a millisecond early against their own clock.
    expectThat(took >= 29, `30 ms took ${took}`);
  },

  'sleepers wake in the order of their times': async ({ platform: { clock } }) => {
    const order: number[] = [];
    const sleeps = [90, 10, 50].map(async (ms) => {
      await clock.sleep(ms);
      order.push(ms);
    });
    await Promise.all(sleeps);
    expectEqual(order.join(), '10,50,90', 'order');
  },

  'what is planned happens once': async ({ platform: { clock } }) => {
    let happened = 0;
    clock.after(5, () => happened++);
    expectEqual(happened, 0, 'before its time');
    await clock.sleep(60);
    expectEqual(happened, 1, 'after its time');
  },

  'what is taken back does not happen': async ({ platform: { clock } }) => {
    let happened = 0;
    const cancel = clock.after(20, () => happened++);
    cancel();
    cancel();
    await clock.sleep(60);
    expectEqual(happened, 0, 'after its time');
  },

  'taking back too late changes nothing': async ({ platform: { clock } }) => {
    let happened = 0;
    const cancel = clock.after(5, () => happened++);
    await clock.sleep(60);
    cancel();
    expectEqual(happened, 1, 'times');
  },

  'the wall clock knows the century and moves with time': async ({ platform: { clock } }) => {
    const start = clock.wallMs();
    expectThat(start > Date.UTC(2020, 0) && start < Date.UTC(2120, 0), `wall time ${start}`);
    await clock.sleep(30);
    expectThat(clock.wallMs() > start, 'the wall clock stands still');
  },
});
