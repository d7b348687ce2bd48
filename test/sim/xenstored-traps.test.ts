/**
 * What a guest can do to its ring, and that nobody else notices (xenstore-ring.txt, XSAs by
 * number).
 */

import { describe, expect, it } from 'vitest';
import { REQUESTS_PER_TURN } from '../../services/xenstored/limits.ts';
import {
  XENSTORE_ERROR_PROTO,
  XENSTORE_ERROR_RINGIDX,
  XENSTORE_RECONNECT,
  XS_GET_DOMAIN_PATH,
  XS_IS_DOMAIN_INTRODUCED,
  XS_READ,
  XS_RESET_WATCHES,
  XS_TRANSACTION_START,
  XS_WATCH,
  XS_WRITE,
} from '../../shared/abi/xs-wire.ts';
import { must } from '../../shared/core/result.ts';
import { putHeader } from '../../shared/xenstore/wire.ts';
import { packet, type RawGuest, rawGuest, show } from './raw-guest.ts';
import { createSimXenstored, type SimXenstored } from './xenstored-host.ts';

interface Scene {
  readonly host: SimXenstored;
  /** The one that misbehaves. */
  readonly raw: RawGuest;
  /** Another domain goes on as if nothing was, and the store is sound. */
  othersAreFine(): Promise<void>;
  /** The domain itself is still there, with its nodes; nobody was told of its end. */
  domainIsThere(): Promise<void>;
}

async function scene(): Promise<Scene> {
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
  return {
    host,
    raw,
    othersAreFine: async () => {
      const since = sim.dom0.clock.nowMs();
      must(await sim.run(other.write('data', 'x')));
      expect(must(await sim.run(other.readString('data')))).toBe('x');
      must(await sim.run(tools.write('/tools/data', 'x')));
      expect(sim.dom0.clock.nowMs() - since).toBeLessThan(5);
      expect(host.daemon.store.check()).toEqual([]);
    },
    domainIsThere: async () => {
      expect(must(await sim.run(tools.isDomainIntroduced(guest.domid)))).toBe(true);
      expect(must(await sim.run(tools.exists(`/local/domain/${guest.domid}/mine`)))).toBe(true);
      expect(told).toBe(false);
    },
  };
}

describe('XSA-38, XSA-325: a ring whose indices are impossible', () => {
  it.each([
    ['requests ahead by more than the ring', 'reqProd', 1025],
    ['requests behind', 'reqProd', -1],
    ['requests half the world ahead', 'reqProd', 0x80000000],
    ['replies read that were never sent', 'rspCons', 1],
    ['replies produced by the guest', 'rspProd', 1025],
  ] as const)(
    '%s: its error is set, it is served no more, and nothing else',
    async (_, name, by) => {
      const { raw, host, othersAreFine, domainIsThere } = await scene();
      raw.setField(name, raw.field(name) + by);
      raw.put(packet(XS_READ, 'mine'));
      raw.guest.notify();
      await host.sim.advance(5);
      expect(raw.field('error')).toBe(XENSTORE_ERROR_RINGIDX);
      expect(host.lines.filter((line) => line.includes('not served'))).toHaveLength(1);
      await othersAreFine();
      await domainIsThere();
      // However often it knocks.
      for (let i = 0; i < 10; i++) raw.guest.notify();
      await host.sim.advance(5);
      expect(host.lines.filter((line) => line.includes('not served'))).toHaveLength(1);
    },
  );

  it('starts anew if the guest asks for it, as after an INTRODUCE', async () => {
    const { raw, host, domainIsThere } = await scene();
    raw.setField('reqProd', raw.field('reqCons') + 5000);
    raw.guest.notify();
    await host.sim.advance(5);
    raw.setField('connection', XENSTORE_RECONNECT);
    raw.guest.notify();
    await host.sim.advance(5);
    expect([raw.field('error'), raw.field('connection')]).toEqual([0, 0]);
    expect((await raw.ask(XS_READ, 'mine')).map(show)).toEqual(['|']);
    await domainIsThere();
  });
});

describe('XSA-325, XSA-420: a packet that announces more than there may be', () => {
  it.each([4097, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff])('%d bytes', async (length) => {
    const { raw, host, othersAreFine, domainIsThere } = await scene();
    const header = new Uint8Array(16);
    putHeader(header, 0, XS_WRITE, 1, 0, length);
    raw.put(header);
    raw.guest.notify();
    await host.sim.advance(5);
    expect(raw.field('error')).toBe(XENSTORE_ERROR_PROTO);
    expect(raw.waiting().replies).toBe(0);
    await othersAreFine();
    await domainIsThere();
  });
});

describe('indices that run free', () => {
  it.each([0xffffffff, 0xfffffff0, 0x7ffffff8, 1000])('may stand at %d', async (start) => {
    const { raw, host } = await scene();
    for (const name of ['reqCons', 'reqProd', 'rspCons', 'rspProd'] as const) {
      raw.setField(name, start);
    }
    const value = 'x'.repeat(300);
    for (let i = 0; i < 12; i++) {
      expect((await raw.ask(XS_WRITE, 'mine', value)).map(show)).toEqual(['OK|']);
      expect((await raw.ask(XS_READ, 'mine')).map(show)).toEqual([`${value}|`]);
    }
    expect(raw.field('reqCons')).toBeLessThan(start === 1000 ? 20_000 : 0x80002000);
    expect(host.daemon.store.check()).toEqual([]);
  });
});

describe('packets in pieces', () => {
  it('a request that comes byte by byte is answered once it is whole', async () => {
    const { raw, host } = await scene();
    const bytes = packet(XS_READ, 'mine');
    for (const [i, byte] of bytes.entries()) {
      expect(raw.take()).toEqual([]);
      raw.put(Uint8Array.of(byte));
      raw.guest.notify();
      await host.sim.advance(1);
      expect(raw.waiting().requests, `after byte ${i}`).toBe(0);
    }
    expect(raw.take().map(show)).toEqual(['|']);
  });

  it('a header that ends where the ring does is no other header', async () => {
    const { raw } = await scene();
    for (let i = 0; i < 200; i++) {
      const words = ['mine', 'v'.repeat(i % 90)] as const;
      expect((await raw.ask(XS_WRITE, ...words)).map(show)).toEqual(['OK|']);
    }
  });

  it('replies and events come whole, in order, to a guest that reads 3 bytes a time', async () => {
    const { raw, host } = await scene();
    await raw.ask(XS_WATCH, 'mine', 'token');
    for (let i = 0; i < 5; i++) raw.send(XS_WRITE, `mine/n${i}`, '');
    const said: string[] = [];
    for (let i = 0; i < 400 && said.length < 10; i++) {
      await host.sim.advance(1);
      said.push(...raw.take(3).map(show));
    }
    expect(said).toEqual([0, 1, 2, 3, 4].flatMap((i) => [`event mine/n${i}|token|`, 'OK|']));
  });
});

describe('XSA-326: a guest that does not read', () => {
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
    expect(domain?.connection?.output.size()).toBeLessThan(20 * 500);
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
    expect(output?.size()).toBeGreaterThan(1000);
    await sim.advance(25_000);
    // At most the one that it has begun to read.
    expect(output?.size()).toBeLessThan(100);
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

  it('what a guest writes after its RELEASE is not looked at', async () => {
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

  it('XSA-233: a stub domain outlives the domain whose rights it has', async () => {
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

  it('XSA-484: RESET_WATCHES inside a transaction ends it, and the ring goes on', async () => {
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

it('a tool that goes away amid a request, or sends nonsense, harms only itself', async () => {
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

it('the gfn of INTRODUCE is not looked at', async () => {
  const { host } = await scene();
  const guest = host.addDomain();
  for (const gfn of ['-1', 'nonsense', '99999999999999999999']) {
    const stream = host.stream();
    stream.write(packet(8, String(guest.domid), gfn, String(guest.port)));
    await host.sim.advance(2);
    expect(must(await host.sim.run(host.tools.isDomainIntroduced(guest.domid)))).toBe(true);
    must(await host.sim.run(host.tools.release(guest.domid)));
    stream.close();
  }
});
