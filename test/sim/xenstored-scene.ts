/** A domain that will misbehave beside one that must not notice, on a host with our xenstored. */

import { expect } from 'vitest';
import { XS_WRITE } from '../../shared/abi/xs-wire.ts';
import { must } from '../../shared/core/result.ts';
import { type RawGuest, rawGuest, show } from './raw-guest.ts';
import { createSimXenstored, type SimXenstored } from './xenstored-host.ts';

export interface Scene {
  readonly host: SimXenstored;
  /** The one that misbehaves. */
  readonly raw: RawGuest;
  /** Another domain goes on as if nothing was, and the store is sound. */
  othersAreFine(): Promise<void>;
  /** The domain itself is still there, and nobody was told of its end. */
  domainIsKnown(): Promise<void>;
  /** The same, with its nodes. */
  domainIsThere(): Promise<void>;
}

export async function scene(): Promise<Scene> {
  const host = createSimXenstored();
  must(host.daemon.start(undefined));
  const { sim, tools } = host;
  const other = (await host.addGuest()).client();
  const guest = await host.addGuest();
  const raw = rawGuest(host, guest);
  expect((await raw.ask(XS_WRITE, 'mine', '')).map(show)).toEqual(['OK|']);
  const released = must(await sim.run(tools.watch('@releaseDomain')))[Symbol.asyncIterator]();
  await sim.run(released.next());
  let told = false;
  void released.next().then(() => {
    told = true;
  });
  const domainIsKnown = async (): Promise<void> => {
    expect(must(await sim.run(tools.isDomainIntroduced(guest.domid)))).toBe(true);
    expect(told).toBe(false);
  };
  return {
    host,
    raw,
    domainIsKnown,
    othersAreFine: async () => {
      const since = sim.dom0.clock.nowMs();
      must(await sim.run(other.write('data', 'x')));
      expect(must(await sim.run(other.readString('data')))).toBe('x');
      must(await sim.run(tools.write('/tools/data', 'x')));
      expect(sim.dom0.clock.nowMs() - since).toBeLessThan(5);
      expect(host.daemon.store.check()).toEqual([]);
    },
    domainIsThere: async () => {
      await domainIsKnown();
      expect(must(await sim.run(tools.exists(`/local/domain/${guest.domid}/mine`)))).toBe(true);
    },
  };
}
