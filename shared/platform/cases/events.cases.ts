/** Cases: event channels. */

import { VIRQ_DEBUGGER } from '../../abi/xen.ts';
import { type Port, port } from '../../core/ids.ts';
import { type CaseContext, group } from './case.ts';
import { expectEqual, expectError, expectOk, expectRejected, expectThat } from './expect.ts';
import { NOBODY } from './guest.ts';
import { nextCount, QUIET_MS, settledCount, withinMs } from './wait.ts';

interface Channel {
  /** The port of the domain under test. */
  readonly ours: Port;
  /** The port of its peer. */
  readonly theirs: Port;
}

function openChannel({ platform, self, peer, peerDomid, defer }: CaseContext): Channel {
  const theirs = expectOk(peer.events.allocUnbound(self), 'allocUnbound');
  defer(() => peer.events.close(theirs));
  const ours = expectOk(platform.events.bindInterdomain(peerDomid, theirs), 'bindInterdomain');
  defer(() => platform.events.close(ours));
  return { ours, theirs };
}

export const eventCases = group('events', {
  'an event at one end wakes a waiter at the other': async (ctx) => {
    const { ours, theirs } = openChannel(ctx);
    const [near, far] = [
      await settledCount(ctx.platform, ours),
      await settledCount(ctx.peer, theirs),
    ];
    const wakes = [nextCount(ctx.platform, ours, near), nextCount(ctx.peer, theirs, far)];
    ctx.peer.events.notify(theirs);
    ctx.platform.events.notify(ours);
    const counts = await Promise.all(wakes);
    expectThat(counts[0] !== near && counts[1] !== far, 'a wake-up without a new count');
  },

  'an event before the wait is not lost': async (ctx) => {
    const { ours, theirs } = openChannel(ctx);
    const seen = await settledCount(ctx.peer, theirs);
    ctx.platform.events.notify(ours);
    await ctx.platform.clock.sleep(30);
    await nextCount(ctx.peer, theirs, seen);
  },

  'an event before the unmask of the last one is not lost': async (ctx) => {
    const { ours, theirs } = openChannel(ctx);
    let seen = await settledCount(ctx.peer, theirs);
    for (let round = 0; round < 5; round++) {
      ctx.platform.events.notify(ours);
      seen = await nextCount(ctx.peer, theirs, seen);
      ctx.platform.events.notify(ours);
      await ctx.platform.clock.sleep(5);
      ctx.peer.events.unmask(theirs);
      seen = await nextCount(ctx.peer, theirs, seen);
      ctx.peer.events.unmask(theirs);
    }
  },

  'a port delivers nothing more until it is unmasked': async (ctx) => {
    const { ours, theirs } = openChannel(ctx);
    const before = await settledCount(ctx.peer, theirs);
    ctx.platform.events.notify(ours);
    const seen = await nextCount(ctx.peer, theirs, before);
    ctx.platform.events.notify(ours);
    const next = ctx.peer.events.wait(theirs, seen);
    expectEqual(await withinMs(ctx.peer.clock, next, QUIET_MS), undefined, 'while masked');
    ctx.peer.events.unmask(theirs);
    expectThat((await next) !== seen, 'a wake-up without a new count');
  },

  'a stale count resolves at once, as often as it is asked': async (ctx) => {
    const { ours, theirs } = openChannel(ctx);
    const seen = await settledCount(ctx.peer, theirs);
    ctx.platform.events.notify(ours);
    const count = await nextCount(ctx.peer, theirs, seen);
    expectEqual(await nextCount(ctx.peer, theirs, seen), count, 'asked again');
    expectEqual(await nextCount(ctx.peer, theirs, count + 7), count, 'asked with another number');
  },

  'many events count at least once and at most as often as they were raised': async (ctx) => {
    const { ours, theirs } = openChannel(ctx);
    const before = await settledCount(ctx.peer, theirs);
    for (let i = 0; i < 100; i++) ctx.platform.events.notify(ours);
    await nextCount(ctx.peer, theirs, before);
    ctx.peer.events.unmask(theirs);
    const counted = (await settledCount(ctx.peer, theirs)) - before;
    expectThat(counted >= 1 && counted <= 100, `100 events counted as ${counted}`);
  },

  'all waiters on a port wake': async (ctx) => {
    const { ours, theirs } = openChannel(ctx);
    const seen = await settledCount(ctx.peer, theirs);
    const wakes = [1, 2, 3].map(() => nextCount(ctx.peer, theirs, seen));
    ctx.platform.events.notify(ours);
    const counts = await Promise.all(wakes);
    expectThat(
      counts.every((count) => count === counts[0]),
      `counts ${counts.join()}`,
    );
  },

  'a thousand rounds between two ends lose nothing': async (ctx) => {
    const { ours, theirs } = openChannel(ctx);
    let near = await settledCount(ctx.platform, ours);
    let far = await settledCount(ctx.peer, theirs);
    const rounds = 1000;
    const echo = async () => {
      for (let i = 0; i < rounds; i++) {
        far = await nextCount(ctx.peer, theirs, far);
        ctx.peer.events.unmask(theirs);
        ctx.peer.events.notify(theirs);
      }
    };
    const call = async () => {
      for (let i = 0; i < rounds; i++) {
        ctx.platform.events.notify(ours);
        near = await nextCount(ctx.platform, ours, near);
        ctx.platform.events.unmask(ours);
      }
    };
    await Promise.all([echo(), call()]);
  },

  'closing a port rejects its waiters with EBADF': async ({ platform, peerDomid }) => {
    const local = expectOk(platform.events.allocUnbound(peerDomid), 'allocUnbound');
    const waiters = [platform.events.wait(local, 0), platform.events.wait(local, 0)];
    const rejections = waiters.map((wait) => expectRejected(wait, 'EBADF', 'a waiter'));
    platform.events.close(local);
    await Promise.all(rejections);
  },

  'raising an event for a peer that is gone is no error': async ({
    platform,
    self,
    peer,
    peerDomid,
  }) => {
    const theirs = expectOk(peer.events.allocUnbound(self), 'allocUnbound');
    const ours = expectOk(platform.events.bindInterdomain(peerDomid, theirs), 'bindInterdomain');
    peer.events.close(theirs);
    platform.events.notify(ours);
    platform.events.close(ours);
  },

  'a port that nobody offers cannot be bound': ({ platform, peerDomid }) => {
    const bound = platform.events.bindInterdomain(peerDomid, port(1000));
    expectError(bound, 'bindInterdomain', 'EINVAL');
  },

  'a port offered to somebody else cannot be bound': ({ platform, peer, peerDomid, defer }) => {
    const theirs = expectOk(peer.events.allocUnbound(NOBODY), 'allocUnbound');
    defer(() => peer.events.close(theirs));
    expectError(platform.events.bindInterdomain(peerDomid, theirs), 'bindInterdomain', 'EINVAL');
  },

  'a bound port cannot be bound again': (ctx) => {
    const { theirs } = openChannel(ctx);
    const again = ctx.platform.events.bindInterdomain(ctx.peerDomid, theirs);
    expectError(again, 'bindInterdomain', 'EINVAL');
  },

  'a port of no domain cannot be bound': ({ platform }) => {
    expectError(platform.events.bindInterdomain(NOBODY, port(1)), 'bindInterdomain', 'ESRCH');
  },

  'two hundred channels keep their events apart': async (ctx) => {
    const channels = Array.from({ length: 200 }, () => openChannel(ctx));
    const seen: number[] = [];
    await Promise.all(
      channels.map(async ({ theirs }, i) => {
        seen[i] = await settledCount(ctx.peer, theirs);
      }),
    );
    channels.forEach(({ ours }, i) => {
      if (i % 2 === 1) ctx.platform.events.notify(ours);
    });
    const odd = channels.filter((_, i) => i % 2 === 1);
    await Promise.all(odd.map(({ theirs }, i) => nextCount(ctx.peer, theirs, seen[i * 2 + 1]!)));
    const quiet = channels.map(async ({ theirs }, i) => {
      if (i % 2 === 0) expectEqual(await settledCount(ctx.peer, theirs), seen[i]!, `channel ${i}`);
    });
    await Promise.all(quiet);
  },

  'ports are free again after a close': ({ platform, peerDomid }) => {
    const numbers = new Set<number>();
    for (let i = 0; i < 500; i++) {
      const local = expectOk(platform.events.allocUnbound(peerDomid), `round ${i}`);
      numbers.add(local);
      platform.events.close(local);
    }
    expectThat(numbers.size < 100, `500 rounds used ${numbers.size} port numbers`);
  },
});

export const virqCases = group(
  'events',
  {
    // No daemon holds VIRQ_DEBUGGER.
    'a global virq has one holder': ({ platform: { events } }) => {
      const first = expectOk(events.bindVirq(VIRQ_DEBUGGER), 'bindVirq');
      expectError(events.bindVirq(VIRQ_DEBUGGER), 'bindVirq again', 'EEXIST');
      events.close(first);
      events.close(expectOk(events.bindVirq(VIRQ_DEBUGGER), 'bindVirq after the close'));
    },
  },
  ['virq'],
);
