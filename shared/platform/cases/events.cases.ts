/** Cases: event channels. */

import { VIRQ_DEBUGGER } from '../../abi/xen.ts';
import { type Port, port } from '../../core/ids.ts';
import { type CaseContext, group } from './case.ts';
import { expectEqual, expectError, expectOk, expectThat } from './expect.ts';
import { NOBODY } from './guest.ts';
import { nextCount, PATIENCE_MS, QUIET_MS, settledCount, waitFor, withinMs } from './wait.ts';

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
    const next = waitFor(ctx.peer.events, theirs, seen);
    expectEqual(await withinMs(ctx.peer.clock, next, QUIET_MS), undefined, 'while masked');
    ctx.peer.events.unmask(theirs);
    expectThat((await next) !== seen, 'a wake-up without a new count');
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

  'a listener hears of the close of its port, and not at once': async (ctx) => {
    const { platform, peerDomid } = ctx;
    const local = expectOk(platform.events.allocUnbound(peerDomid), 'allocUnbound');
    const heard: string[] = [];
    const closed = new Promise<void>((resolve) => {
      platform.events.listen(
        local,
        () => void heard.push('event'),
        () => {
          heard.push('closed');
          resolve();
        },
      );
    });
    platform.events.close(local);
    heard.push('close');
    await closed;
    expectEqual(heard.join(), 'close,closed', 'what was heard');
  },

  'a listener that comes late hears soon of what came before': async (ctx) => {
    const { ours, theirs } = openChannel(ctx);
    ctx.platform.events.notify(ours);
    await ctx.platform.clock.sleep(30);
    let sync = true;
    const heard = new Promise<boolean>((resolve) => {
      ctx.peer.events.listen(theirs, () => resolve(sync));
    });
    sync = false;
    expectEqual(await withinMs(ctx.peer.clock, heard, PATIENCE_MS), false, 'heard at once');
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
