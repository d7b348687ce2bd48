/**
 * What a guest can do to its ring and its packets, and that nobody else notices; the numbers are
 * those of the table in services/xenstored/README.md.
 */

import { describe, expect, it } from 'vitest';
import {
  XENSTORE_ERROR_PROTO,
  XENSTORE_ERROR_RINGIDX,
  XENSTORE_RECONNECT,
  XS_READ,
  XS_WATCH,
  XS_WRITE,
} from '../../shared/abi/xs-wire.ts';
import { putHeader } from '../../shared/xenstore/wire.ts';
import { packet, show } from './raw-guest.ts';
import { scene } from './xenstored-scene.ts';

describe('trap 1; XSA-38, XSA-325: a ring whose indices are impossible', () => {
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

describe('traps 2, 11; XSA-325, XSA-420: a packet that announces more than there may be', () => {
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

  it('what came whole before it is answered', async () => {
    const { raw, host } = await scene();
    const header = new Uint8Array(16);
    putHeader(header, 0, XS_WRITE, 1, 0, 5000);
    for (let i = 0; i < 3; i++) raw.put(packet(XS_READ, 'mine'));
    raw.put(header);
    raw.guest.notify();
    await host.sim.advance(5);
    expect(raw.field('error')).toBe(XENSTORE_ERROR_PROTO);
    expect(raw.take().map(show)).toEqual(['|', '|', '|']);
  });
});

describe('trap 1: indices that run free', () => {
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

describe('trap 2: packets in pieces', () => {
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

  it('trap 3: replies and events come whole, in order, to who reads 3 bytes a time', async () => {
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
