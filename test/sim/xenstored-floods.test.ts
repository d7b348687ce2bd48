/** Guests that do not read, flood, or end in the middle of things, and what it costs others. */

import { describe, expect, it } from 'vitest';
import { REQUESTS_PER_TURN } from '../../services/xenstored/limits.ts';
import {
  XENSTORE_RECONNECT,
  XS_GET_DOMAIN_PATH,
  XS_INTRODUCE,
  XS_IS_DOMAIN_INTRODUCED,
  XS_READ,
  XS_RESET_WATCHES,
  XS_TRANSACTION_START,
  XS_WATCH,
  XS_WRITE,
} from '../../shared/abi/xs-wire.ts';
import { must } from '../../shared/core/result.ts';
import { packet, show } from './raw-guest.ts';
import { scene } from './xenstored-scene.ts';

describe('trap 3; XSA-326: a guest that does not read', () => {
  it('is served up to what may be outstanding, costs a bounded amount, delays nobody', async () => {
    const { raw, host, othersAreFine } = await scene();
    const path = 'mine';
    await raw.ask(XS_WRITE, path, 'x'.repeat(400));
    for (let i = 0; i < 500; i++) {
      raw.put(packet(XS_READ, path));
      raw.guest.notify();
      await host.sim.advance(1);
    }
    // Its requests stay in its own ring.
    expect(raw.waiting().requests).toBeGreaterThan(900);
    const domain = host.daemon.store.state.domains.get(raw.guest.domid);
    expect(domain?.outstanding).toBeLessThanOrEqual(20);
    expect(domain?.connection?.output.size).toBeLessThan(20 * 500);
    await othersAreFine();
    // All that were taken or wait are answered once it reads.
    let answers = 0;
    for (let i = 0; i < 500; i++) {
      answers += raw.take().length;
      await host.sim.advance(1);
    }
    expect(raw.waiting()).toEqual({ requests: 0, replies: 0 });
    expect(answers).toBeGreaterThan(40);
    await othersAreFine();
  });

  it('loses its events after 20 seconds, and goes on with what comes then', async () => {
    const { raw, host } = await scene();
    const { sim, tools } = host;
    const home = `/local/domain/${raw.guest.domid}/mine`;
    await raw.ask(XS_WATCH, 'mine', 'token');
    for (let i = 0; i < 200; i++) must(await sim.run(tools.write(`${home}/n${i}`, '')));
    const output = host.daemon.store.state.domains.get(raw.guest.domid)?.connection?.output;
    expect(output?.size).toBeGreaterThan(1000);
    await sim.advance(25_000);
    // At most the one that it has begun to read.
    expect(output?.size).toBeLessThan(100);
    raw.take();
    await sim.advance(1);
    raw.take();
    expect((await raw.ask(XS_GET_DOMAIN_PATH, '3')).map(show)).toEqual(['/local/domain/3|']);
  });
});

describe('floods', () => {
  it('a guest that always has requests is served a few at a time, others between', async () => {
    const { raw, host } = await scene();
    const { sim } = host;
    const victim = (await host.addGuest()).client();
    const request = packet(XS_GET_DOMAIN_PATH, '3');
    let flooding = true;
    let served = 0;
    const flood = async () => {
      while (flooding) {
        while (raw.put(request));
        raw.guest.notify();
        await sim.platform(raw.guest.domid).clock.sleep(0.01);
        served += raw.take().length;
      }
    };
    const flooded = flood();
    await sim.advance(20);
    expect(served).toBeGreaterThan(500);
    for (let i = 0; i < 20; i++) {
      const before = served;
      must(await sim.run(victim.getDomainPath(raw.guest.domid)));
      // What the flood gets in the time that events take: a few turns, not all that it asks for.
      expect(served - before).toBeLessThan(REQUESTS_PER_TURN * 10);
    }
    flooding = false;
    await sim.run(flooded);
  });

  it('XSA-332, XSA-391: events without requests do nothing', async () => {
    const { raw, host, othersAreFine } = await scene();
    const before = host.daemon.store.state.generation;
    for (let i = 0; i < 5000; i++) raw.guest.notify();
    await othersAreFine();
    await host.sim.advance(100);
    expect(host.daemon.store.state.generation - before).toBeLessThan(10);
    expect((await raw.ask(XS_READ, 'mine')).map(show)).toEqual(['|']);
  });

  it('XSA-206: writes beyond the rate wait while another has a transaction open', async () => {
    const { raw, host } = await scene();
    const { sim, tools } = host;
    const { clock } = sim.dom0;
    const write = async (count: number) => {
      const since = clock.nowMs();
      for (let done = 0; done < count; ) {
        raw.put(packet(XS_WRITE, 'mine', ''));
        raw.guest.notify();
        await sim.advance(1);
        done += raw.take().length;
      }
      return clock.nowMs() - since;
    };
    expect(await write(30)).toBeLessThan(100);
    const slow = tools.transaction(async (tx) => {
      must(await tx.read('/tool'));
      await clock.sleep(2000);
      return tx.write('/tool/done', '');
    });
    await sim.advance(5);
    // Ten at once, then two hundred a second, shared by all domains.
    expect(await write(30)).toBeGreaterThan(90);
    must(await sim.run(slow));
    expect(await write(30)).toBeLessThan(200);
  });
});

describe('the ends of domains and connections', () => {
  it('XSA-425: a ring that starts anew in the middle of a request and a transaction', async () => {
    const { raw, host, othersAreFine } = await scene();
    expect((await raw.ask(XS_TRANSACTION_START, '')).map(show)).toHaveLength(1);
    raw.put(packet(XS_WRITE, 'mine', 'half').subarray(0, 20));
    raw.guest.notify();
    await host.sim.advance(1);
    await host.introduce(raw.guest);
    raw.setField('connection', XENSTORE_RECONNECT);
    raw.guest.notify();
    await host.sim.advance(1);
    expect(host.daemon.store.state.openTransactions).toBe(0);
    await othersAreFine();
  });

  it('trap 9: what a guest writes after its RELEASE is not looked at', async () => {
    const { raw, host, othersAreFine } = await scene();
    const { sim, tools } = host;
    raw.put(packet(XS_READ, 'mine'));
    must(await sim.run(tools.release(raw.guest.domid)));
    raw.setField('reqProd', 0x12345678);
    raw.guest.notify();
    await sim.advance(5);
    expect(raw.waiting().replies).toBe(0);
    expect(raw.field('error')).toBe(0);
    await othersAreFine();
  });

  it('XSA-416: a domain that dies with requests and events under way leaves nothing', async () => {
    const { raw, host, othersAreFine } = await scene();
    const { sim } = host;
    await raw.ask(XS_WATCH, 'mine', 'token');
    for (let i = 0; i < 200; i++) raw.put(packet(XS_WRITE, `mine/n${i}`, 'x'.repeat(100)));
    raw.guest.notify();
    await sim.advance(1);
    must(sim.dom0.domainControl.destroyDomain(raw.guest.domid));
    await sim.advance(5);
    expect(host.daemon.store.state.domains.has(raw.guest.domid)).toBe(false);
    await othersAreFine();
  });

  it('trap 9; XSA-233: a stub domain outlives the domain whose rights it has', async () => {
    const { raw, host, othersAreFine } = await scene();
    const { sim, tools } = host;
    const target = await host.addGuest();
    must(await sim.run(tools.setTarget(raw.guest.domid, target.domid)));
    const path = `/local/domain/${target.domid}/data`;
    expect((await raw.ask(XS_WRITE, path, 'x')).map(show)).toEqual(['OK|']);
    must(sim.dom0.domainControl.destroyDomain(target.domid));
    await sim.advance(5);
    expect((await raw.ask(XS_WRITE, path, 'x')).map(show)).toEqual(['error EACCES']);
    await othersAreFine();
  });

  it('trap 9; XSA-484: RESET_WATCHES in a transaction ends it, the ring goes on', async () => {
    const { raw, host } = await scene();
    await raw.ask(XS_WATCH, 'mine', 'token');
    const [started] = await raw.ask(XS_TRANSACTION_START, '');
    const bytes = packet(XS_RESET_WATCHES, '');
    new DataView(bytes.buffer).setUint32(8, Number.parseInt(started?.payload ?? '', 10), true);
    raw.put(bytes);
    raw.guest.notify();
    await host.sim.advance(1);
    expect(raw.take().map(show)).toEqual(['OK|']);
    expect((await raw.ask(XS_WRITE, 'mine', '')).map(show)).toEqual(['OK|']);
  });
});

it('XSA-115: a guest is not told which domains there are', async () => {
  const { raw } = await scene();
  const asked = await raw.ask(XS_IS_DOMAIN_INTRODUCED, '0');
  expect(asked.map(show)).toEqual(['error EACCES']);
});

it('trap 12: a tool that ends amid a request, or sends nonsense, harms only itself', async () => {
  const { host, othersAreFine } = await scene();
  const { sim, daemon } = host;
  const before = daemon.sockets();
  const half = host.stream();
  half.write(packet(XS_WRITE, '/half', 'x').subarray(0, 20));
  const nonsense = host.stream();
  let cut = false;
  nonsense.receive(
    () => {},
    () => {
      cut = true;
    },
  );
  nonsense.write(new Uint8Array(64).fill(0xff));
  await sim.advance(5);
  expect(cut).toBe(true);
  half.close();
  await sim.advance(5);
  expect(daemon.sockets()).toBe(before);
  await othersAreFine();
});

it('trap 14: the gfn of INTRODUCE is not looked at', async () => {
  const { host } = await scene();
  const guest = host.addDomain();
  for (const gfn of ['-1', 'nonsense', '99999999999999999999']) {
    const stream = host.stream();
    stream.write(packet(XS_INTRODUCE, String(guest.domid), gfn, String(guest.port)));
    await host.sim.advance(2);
    expect(must(await host.sim.run(host.tools.isDomainIntroduced(guest.domid)))).toBe(true);
    must(await host.sim.run(host.tools.release(guest.domid)));
    stream.close();
  }
});

describe('a guest that begins a packet when memory is short', () => {
  it('keeps it in its own ring until it is whole, or until there is room', async () => {
    const { raw, host } = await scene();
    const { sim, tools, daemon } = host;
    let room = false;
    daemon.store.state.host.hasRoom = () => room;
    const bytes = packet(XS_READ, 'mine');
    raw.put(bytes.subarray(0, 20));
    raw.guest.notify();
    await sim.advance(5);
    expect(raw.waiting().requests).toBe(20);
    must(await sim.run(tools.directory('/')));
    raw.put(bytes.subarray(20));
    raw.guest.notify();
    await sim.advance(5);
    expect(raw.take()).toHaveLength(1);

    raw.put(bytes.subarray(0, 20));
    raw.guest.notify();
    await sim.advance(5);
    expect(raw.waiting().requests).toBe(20);
    room = true;
    must(await sim.run(tools.directory('/')));
    await sim.advance(5);
    expect(raw.waiting().requests).toBe(0);
    raw.put(bytes.subarray(20));
    raw.guest.notify();
    await sim.advance(5);
    expect(raw.take()).toHaveLength(1);
  });
});
