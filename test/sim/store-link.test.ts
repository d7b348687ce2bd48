/** A stub domain's session over its page, while one xenstored follows on another. */

import { describe, expect, it } from 'vitest';
import { HVM_PARAM_STORE_EVTCHN } from '../../shared/abi/hvm-params.ts';
import { XENSTORE_RECONNECT, xenstoreDomainInterface } from '../../shared/abi/xs-wire.ts';
import { prng } from '../../shared/core/prng.ts';
import { must } from '../../shared/core/result.ts';
import { openXenstoreSession } from '../../shared/xenstore/session.ts';
import { createSimXenstored, type Guest, type SimXenstored } from './xenstored-host.ts';

const ASK_MS = 200;
const DEADLINE_MS = 2000;
const { connection, serverFeatures } = xenstoreDomainInterface.fields;

async function open(seed: number) {
  const host = createSimXenstored({ seed });
  must(host.daemon.start(undefined));
  const guest = await host.addGuest();
  // By this a daemon finds it that has not introduced it.
  const { domainControl } = host.sim.dom0;
  domainControl.setHvmParam(guest.domid, HVM_PARAM_STORE_EVTCHN, BigInt(guest.port));
  const { clock } = host.sim.dom0;
  const session = openXenstoreSession({
    ...{ connect: guest.link().connect, clock, deadlineMs: DEADLINE_MS, askMs: ASK_MS },
  });
  const events: string[] = [];
  void (async () => {
    for await (const path of session.watch('data')) events.push(path);
  })();
  await host.sim.advance(20);
  return { host, guest, session, events };
}

/** What a toolstack makes of a domain again, and a node in it. */
async function makeAgain(host: SimXenstored, { domid }: Guest, value: string): Promise<void> {
  const tools = host.connect();
  const permissions = [{ domid, access: 'n' as const }];
  const nodes = [
    { path: `/local/domain/${domid}`, value: '', permissions },
    { path: `/local/domain/${domid}/data`, value, permissions },
  ];
  must(await host.sim.run(tools.writeAll(nodes)));
}

describe('a xenstored that was killed is followed by one that knows nothing', () => {
  it.each(Array.from({ length: 10 }, (_, seed) => seed))(
    'and hears of all watches again, seed %i',
    async (seed) => {
      const random = prng(seed);
      const { host, guest, session, events } = await open(seed);
      for (let round = 0; round < 4; round++) {
        await makeAgain(host, guest, 'before');
        // Amid requests, of which some are taken and not answered, and some half taken.
        const big = 'x'.repeat(random.below(2000));
        const asked = Array.from({ length: 1 + random.below(30) }, (_, i) =>
          session.write(`data/${i}`, big),
        );
        await host.sim.advance(random.below(20) / 100);
        await host.restart(random.below(2) * 1500);
        await makeAgain(host, guest, 'anew');
        // Done, refused by a store that does not know the domain, or too late: all end.
        await host.sim.run(Promise.all(asked));
        await host.sim.advance(3 * DEADLINE_MS);
        events.length = 0;
        await makeAgain(host, guest, `round ${round}`);
        await host.sim.advance(50);
        expect(events).toContain('data');
        expect(await host.sim.run(session.readString('data'))).toEqual({
          ok: true,
          value: `round ${round}`,
        });
      }
    },
  );

  it('and is asked in vain while there is none', async () => {
    const { host, guest, session, events } = await open(20);
    host.kill();
    const asked = session.readString('data');
    await host.sim.advance(1000);
    expect(guest.page.words[connection.at / 4]).toBe(0);
    expect(await host.sim.run(asked)).toMatchObject({ ok: false, error: { errno: 'ETIMEDOUT' } });
    await host.restart(10_000);
    await makeAgain(host, guest, 'anew');
    await host.sim.advance(2 * DEADLINE_MS);
    expect(must(await host.sim.run(session.readString('data')))).toBe('anew');
    events.length = 0;
    await makeAgain(host, guest, 'more');
    await host.sim.advance(50);
    expect(events).toContain('data');
  });

  it('and finds a ring that is to begin, which nobody has begun', async () => {
    const { host, guest, session } = await open(21);
    host.kill();
    const { words } = guest.page;
    words[connection.at / 4] = XENSTORE_RECONNECT;
    await host.restart(100);
    // Its indices are as those of a new one.
    expect([words[connection.at / 4], ...words.slice(512, 516)]).toEqual([0, 0, 0, 0, 0]);
    await makeAgain(host, guest, 'anew');
    await host.sim.advance(3 * DEADLINE_MS);
    expect(must(await host.sim.run(session.readString('data')))).toBe('anew');
  });
});

it('a xenstored that stands still, or has no other rings, is not left', async () => {
  const { host, guest, session, events } = await open(22);
  const { words } = guest.page;
  await makeAgain(host, guest, 'here');
  events.length = 0;
  await host.sim.advance(20 * ASK_MS);
  expect(events).toEqual([]);
  // One that does not begin rings anew is followed in the ring as it is.
  words[serverFeatures.at / 4] = 0;
  host.kill();
  await host.restart(10);
  words[serverFeatures.at / 4] = 0;
  await makeAgain(host, guest, 'anew');
  await host.sim.advance(3 * DEADLINE_MS);
  expect(must(await host.sim.run(session.readString('data')))).toBe('anew');
  expect(events).toContain('data');
});
