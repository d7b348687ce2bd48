// The xenstored service on the simulator: domains on rings, from introduction to death.
import { expect, it } from 'vitest';
import { HVM_PARAM_STORE_EVTCHN } from '../../shared/abi/hvm-params.ts';
import {
  XENSTORE_RECONNECT,
  XENSTORE_SERVER_FEATURE_ERROR,
  XENSTORE_SERVER_FEATURE_RECONNECTION,
  XS_READ,
  XS_WATCH,
  XS_WRITE,
} from '../../shared/abi/xs-wire.ts';
import { DOM0, port as portOf } from '../../shared/core/ids.ts';
import { must } from '../../shared/core/result.ts';
import { rawGuest, show } from './raw-guest.ts';
import { createSimXenstored, type SimXenstored } from './xenstored-host.ts';

function started(): SimXenstored {
  const host = createSimXenstored();
  must(host.daemon.start(undefined));
  return host;
}

it('serves a domain over its ring from INTRODUCE on', async () => {
  const host = started();
  const { sim, tools } = host;
  const guest = await host.addGuest();
  const client = guest.client();
  must(await sim.run(client.write('data/x', 'hello')));
  const path = `/local/domain/${guest.domid}/data/x`;
  expect(must(await sim.run(tools.readString(path)))).toBe('hello');
  expect(must(await sim.run(tools.isDomainIntroduced(guest.domid)))).toBe(true);
});

it('carries the largest packets there are over rings that hold a quarter of them', async () => {
  const host = createSimXenstored({}, { quotas: { nodeSize: 8192 } });
  must(host.daemon.start(undefined));
  const guest = await host.addGuest();
  const client = guest.client();
  const value = new Uint8Array(4096 - 'data\0'.length).map((_, i) => i);
  must(await host.sim.run(client.write('data', value)));
  expect(must(await host.sim.run(client.read('data')))).toEqual(value);
});

it('serves many domains and tools at once', async () => {
  const host = started();
  const clients = [host.tools];
  for (let i = 0; i < 20; i++) {
    const guest = await host.addGuest();
    clients.push(guest.client(), host.connect());
  }
  const work = clients.map(async (client, i) => {
    for (let n = 0; n < 20; n++) must(await client.write(`data/${i}`, `${n}`));
    return must(await client.readString(`data/${i}`));
  });
  expect(await host.sim.run(Promise.all(work))).toEqual(clients.map(() => '19'));
  expect(host.daemon.store.check()).toEqual([]);
});

it('tells in the page what it offers', async () => {
  const host = started();
  const raw = rawGuest(host, await host.addGuest());
  const expected = XENSTORE_SERVER_FEATURE_ERROR | XENSTORE_SERVER_FEATURE_RECONNECTION;
  expect(raw.field('serverFeatures') & expected).toBe(expected);
  expect([raw.field('error'), raw.field('connection')]).toEqual([0, 0]);
});

it('notices a domain that shut down, and one that is gone with its nodes', async () => {
  const host = started();
  const { sim, tools } = host;
  const guest = await host.addGuest();
  must(await sim.run(guest.client().write('data', 'x')));
  const watch = must(await sim.run(tools.watch('@releaseDomain')))[Symbol.asyncIterator]();
  const event = async () => (await sim.run(watch.next())).value;
  expect(await event()).toBe('@releaseDomain');
  sim.domain(guest.domid).shutdown('poweroff');
  expect(await event()).toBe('@releaseDomain');
  expect(must(await sim.run(tools.isDomainIntroduced(guest.domid)))).toBe(true);
  must(sim.dom0.domainControl.destroyDomain(guest.domid));
  expect(await event()).toBe('@releaseDomain');
  expect(must(await sim.run(tools.isDomainIntroduced(guest.domid)))).toBe(false);
  expect(must(await sim.run(tools.exists(`/local/domain/${guest.domid}`)))).toBe(false);
});

it('asks again when the hypervisor does not say which domains there are; kills none', async () => {
  const host = started();
  const { sim, tools } = host;
  const guest = await host.addGuest();
  const other = await host.addGuest();
  sim.faults.fail('domainControl.listInfo', { nth: 1, errno: 'ENOMEM' });
  must(sim.dom0.domainControl.destroyDomain(other.domid));
  await sim.advance(100);
  expect(must(await sim.run(tools.isDomainIntroduced(guest.domid)))).toBe(true);
  expect(host.lines.join()).toContain('cannot list the domains');
  await sim.advance(1500);
  expect(must(await sim.run(tools.isDomainIntroduced(guest.domid)))).toBe(true);
  expect(must(await sim.run(tools.isDomainIntroduced(other.domid)))).toBe(false);
});

it('asks a hypervisor that gives no answer once a second, however much happens', async () => {
  const host = started();
  const { sim } = host;
  const guests = [await host.addGuest(), await host.addGuest(), await host.addGuest()];
  sim.faults.fail('domainControl.listInfo', { times: 1000, errno: 'ENOMEM' });
  const before = sim.faults.calls('domainControl.listInfo');
  for (const { domid } of guests) {
    sim.domain(domid).shutdown('poweroff');
    await sim.advance(10);
  }
  await sim.advance(10_000);
  const asked = sim.faults.calls('domainControl.listInfo') - before;
  expect(asked).toBe(guests.length + 10);
  host.daemon.stop();
  await sim.advance(10_000);
  expect(sim.faults.calls('domainControl.listInfo') - before).toBe(asked);
});

it.each([
  ['a xenstore domain', 'EPERM'],
  ['of a sysctl interface that is unknown', 'EACCES'],
] as const)('asks about each domain where it may not list them: %s', async (_, errno) => {
  const host = started();
  const { sim, tools } = host;
  const guest = await host.addGuest();
  const other = await host.addGuest();
  sim.faults.fail('domainControl.listInfo', { nth: 1, errno });
  must(sim.dom0.domainControl.destroyDomain(other.domid));
  await sim.advance(5);
  expect(must(await sim.run(tools.isDomainIntroduced(guest.domid)))).toBe(true);
  expect(must(await sim.run(tools.isDomainIntroduced(other.domid)))).toBe(false);
});

it('refuses a domain whose page or port it cannot have, and keeps nothing of it', async () => {
  const host = started();
  const { sim, tools } = host;
  const guest = host.addDomain();
  const before = sim.baseline();
  for (const op of ['grants.map', 'events.bindInterdomain'] as const) {
    sim.faults.fail(op, { nth: 1, errno: 'EINVAL' });
    const refused = await sim.run(tools.introduce(guest.domid, 1, guest.port));
    expect(refused).toMatchObject({ ok: false, error: { errno: 'EINVAL' } });
    expect(sim.leaks(before)).toEqual([]);
  }
  const bare = sim.addGuest();
  expect((await sim.run(tools.introduce(bare, 1, portOf(1)))).ok).toBe(false);
  expect(must(await sim.run(tools.isDomainIntroduced(guest.domid)))).toBe(false);
  await host.introduce(guest);
  expect(must(await sim.run(tools.isDomainIntroduced(guest.domid)))).toBe(true);
});

it('lets go of page and port at RELEASE, at death, and when it stops', async () => {
  const host = started();
  const { sim, tools, daemon } = host;
  const guests = [host.addDomain(), host.addDomain()];
  const before = sim.baseline();
  for (const guest of guests) await host.introduce(guest);
  const [released, kept] = guests as [(typeof guests)[0], (typeof guests)[0]];
  must(await sim.run(tools.release(released.domid)));
  expect(sim.leaks(before).length).toBeGreaterThan(0);
  daemon.stop();
  expect(sim.leaks(before).filter((line) => !line.includes('virq'))).toEqual([]);
  expect(kept.domid).not.toBe(released.domid);
});

it('takes a domain that is introduced again on another port, with an empty ring', async () => {
  const host = started();
  const { sim, tools } = host;
  const guest = await host.addGuest();
  const raw = rawGuest(host, guest);
  expect((await raw.ask(XS_WATCH, 'x', 'token')).map(show)).toEqual(['OK|', 'event x|token|']);
  raw.put(new Uint8Array(5));
  const port = must(sim.dom0.domainControl.allocUnbound(guest.domid, DOM0));
  must(await sim.run(tools.introduce(guest.domid, 1, port)));
  expect(raw.waiting()).toEqual({ requests: 0, replies: 0 });
  const again = rawGuest(host, {
    ...guest,
    port,
    notify: () => sim.platform(guest.domid).events.notify(port),
  });
  // The watch is gone, and so is the packet that had begun.
  expect((await again.ask(XS_WRITE, 'x', '')).map(show)).toEqual(['OK|']);
});

it('starts anew for a domain that asks for it in its page', async () => {
  const host = started();
  const raw = rawGuest(host, await host.addGuest());
  expect((await raw.ask(XS_WATCH, 'x', 'token')).map(show)).toEqual(['OK|', 'event x|token|']);
  raw.put(new Uint8Array(5));
  raw.setField('connection', XENSTORE_RECONNECT);
  raw.guest.notify();
  await host.sim.advance(1);
  expect(raw.field('connection')).toBe(0);
  expect((await raw.ask(XS_WRITE, 'x', '')).map(show)).toEqual(['OK|']);
  expect((await raw.ask(XS_READ, 'x')).map(show)).toEqual(['|']);
});

it('finds domains that ran before it, and answers what they asked meanwhile', async () => {
  const host = createSimXenstored();
  const { sim } = host;
  const guest = host.addDomain();
  const lost = host.addDomain();
  sim.dom0.domainControl.setHvmParam(guest.domid, HVM_PARAM_STORE_EVTCHN, BigInt(guest.port));
  const client = guest.client();
  const asking = client.getDomainPath(guest.domid);
  await sim.advance(10);
  must(host.daemon.start(undefined));
  expect(must(await sim.run(asking))).toBe(`/local/domain/${guest.domid}`);
  expect(must(await sim.run(host.tools.isDomainIntroduced(guest.domid)))).toBe(true);
  expect(must(await sim.run(host.tools.isDomainIntroduced(lost.domid)))).toBe(false);
});

it('does not start beside another xenstored', () => {
  const host = started();
  expect(host.daemon.start(undefined)).toMatchObject({ ok: false, error: { errno: 'EEXIST' } });
});

it('serves dom0’s own ring, whose requests may have come before it', async () => {
  const host = createSimXenstored();
  const { sim, daemon } = host;
  const { dom0 } = sim;
  const region = must(dom0.memory.pages(1));
  // The kernel's end of the channel and ours are both of dom0.
  const theirs = must(dom0.events.allocUnbound(DOM0));
  const ours = must(dom0.events.bindInterdomain(DOM0, theirs));
  const raw = rawGuest(host, {
    domid: DOM0,
    port: theirs,
    page: region,
    notify: () => dom0.events.notify(theirs),
    stream: () => {
      throw new Error('not used');
    },
    client: () => {
      throw new Error('not used');
    },
    link: () => {
      throw new Error('not used');
    },
  });
  raw.send(XS_WRITE, 'domid', '0');
  must(daemon.start({ region, port: ours, unmap: () => {} }));
  await sim.advance(1);
  expect(raw.take().map(show)).toEqual(['OK|']);
  expect(must(await sim.run(host.tools.readString('/local/domain/0/domid')))).toBe('0\0');
});
