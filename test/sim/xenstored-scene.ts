/** A domain that will misbehave beside one that must not notice, on a host with our xenstored. */

import { ok as assertOk, deepEqual, equal } from 'node:assert/strict';
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

export async function scene(seed = 1): Promise<Scene> {
  const host = createSimXenstored({ seed });
  must(host.daemon.start(undefined));
  const { sim, tools } = host;
  const other = (await host.addGuest()).client();
  const guest = await host.addGuest();
  const raw = rawGuest(host, guest);
  deepEqual((await raw.ask(XS_WRITE, 'mine', '')).map(show), ['OK|']);
  const released = must(await sim.run(tools.watch('@releaseDomain')))[Symbol.asyncIterator]();
  await sim.run(released.next());
  let told = false;
  void released.next().then(() => {
    told = true;
  });
  const domainIsKnown = async (): Promise<void> => {
    equal(must(await sim.run(tools.isDomainIntroduced(guest.domid))), true, 'the domain is gone');
    equal(told, false, 'its end was told');
  };
  return {
    host,
    raw,
    domainIsKnown,
    othersAreFine: async () => {
      const since = sim.dom0.clock.nowMs();
      must(await sim.run(other.write('data', 'x')));
      equal(must(await sim.run(other.readString('data'))), 'x');
      must(await sim.run(tools.write('/tools/data', 'x')));
      assertOk(sim.dom0.clock.nowMs() - since < 5, 'others were slowed');
      deepEqual(host.daemon.store.check(), []);
    },
    domainIsThere: async () => {
      await domainIsKnown();
      equal(must(await sim.run(tools.exists(`/local/domain/${guest.domid}/mine`))), true);
    },
  };
}
