/**
 * What implementations of the protocol get wrong, on a ring; the numbers are those of the table in
 * services/xenstored/README.md.
 */

import { describe, expect, it } from 'vitest';
import { changeQuota } from '../../services/xenstored/core/change-quota.ts';
import * as xs from '../../shared/abi/xs-wire.ts';
import { must } from '../../shared/core/result.ts';
import { createDecoder, encodePacket } from '../../shared/xenstore/wire.ts';
import { type RawGuest, show } from './raw-guest.ts';
import { type Scene, scene } from './xenstored-scene.ts';

/** One request with a payload as it is; what came, events and reply. */
async function tell({ raw, host }: Scene, type: number, txId: number, payload: string) {
  raw.put(encodePacket(type, 9, txId, payload));
  raw.guest.notify();
  await host.sim.advance(1);
  return raw.take().map(show);
}

const begin = async (stage: Scene): Promise<number> =>
  Number.parseInt((await tell(stage, xs.XS_TRANSACTION_START, 0, '\0'))[0] ?? '', 10);

const nodesOf = ({ host, raw }: Scene): number =>
  host.daemon.store.state.domains.get(raw.guest.domid)?.nodes ?? -1;

describe('trap 3: replies and events share one stream', () => {
  it('an event that waits is not sent twice, a special one is', async () => {
    const stage = await scene();
    const { raw, host } = stage;
    const { sim, tools } = host;
    const home = `/local/domain/${raw.guest.domid}`;
    must(await sim.run(tools.setPerms('@introduceDomain', [{ domid: 0, access: 'r' }])));
    await tell(stage, xs.XS_WATCH, 0, 'mine\0t\0');
    await tell(stage, xs.XS_WATCH, 0, '@introduceDomain\0i\0');
    // The ring is full from here on: what comes then waits.
    must(await sim.run(tools.write(`${home}/mine`, 'x'.repeat(1500))));
    raw.put(encodePacket(xs.XS_READ, 1, 0, 'mine\0'));
    raw.guest.notify();
    await sim.advance(1);
    for (let i = 0; i < 5; i++) must(await sim.run(tools.write(`${home}/mine/n`, `${i}`)));
    for (let i = 0; i < 2; i++) await host.addGuest();
    const said: string[] = [];
    for (let i = 0; i < 5; i++) {
      said.push(...raw.take().map(show));
      await sim.advance(1);
    }
    expect(said.filter((line) => line === 'event mine/n|t|')).toHaveLength(1);
    expect(said.filter((line) => line === 'event @introduceDomain|i|')).toHaveLength(2);
  });
});

it('trap 4: a watch is answered before its first event, a change after its events', async () => {
  const stage = await scene();
  expect(await tell(stage, xs.XS_WATCH, 0, 'mine\0t\0')).toEqual(['OK|', 'event mine|t|']);
  expect(await tell(stage, xs.XS_WRITE, 0, 'mine/x\0v')).toEqual(['event mine/x|t|', 'OK|']);
});

describe('trap 5: what is empty', () => {
  it.each([
    ['the value of a node made by MKDIR', xs.XS_READ, 'mine/made\0', ''],
    ['the list of a leaf', xs.XS_DIRECTORY, 'mine/made\0', ''],
    ['a value whose bytes are NULs', xs.XS_READ, 'mine/nuls\0', '|||'],
    ['a WRITE without a NUL after the path', xs.XS_WRITE, 'mine/made', 'error EINVAL'],
    ['a path without its NUL', xs.XS_READ, 'mine', 'error EINVAL'],
    ['no payload', xs.XS_READ, '', 'error EINVAL'],
  ] as const)('%s', async (_what, type, payload, answer) => {
    const stage = await scene();
    await tell(stage, xs.XS_MKDIR, 0, 'mine/made\0');
    await tell(stage, xs.XS_WRITE, 0, 'mine/nuls\0\0\0\0');
    expect(await tell(stage, type, 0, payload)).toEqual([answer]);
  });
});

it('trap 6: what a guest may not see is EACCES, whether it is there or not', async () => {
  const stage = await scene();
  for (const path of ['/tool', '/tool/nothing', '/nothing', '/']) {
    expect(await tell(stage, xs.XS_READ, 0, `${path}\0`), path).toEqual(['error EACCES']);
  }
  expect(await tell(stage, xs.XS_READ, 0, 'mine/nothing\0')).toEqual(['error ENOENT']);
});

it('trap 7: the id of a transaction matters to all but WATCH and UNWATCH', async () => {
  const stage = await scene();
  expect(await tell(stage, xs.XS_READ, 4711, 'mine\0')).toEqual(['error ENOENT']);
  expect(await tell(stage, xs.XS_TRANSACTION_END, 4711, 'T\0')).toEqual(['error ENOENT']);
  const watched = await tell(stage, xs.XS_WATCH, 4711, 'mine\0t\0');
  expect(watched[0]).toBe('OK|');
  expect(await tell(stage, xs.XS_UNWATCH, 4711, 'mine\0t\0')).toEqual(['OK|']);
  const id = await begin(stage);
  expect(await tell(stage, xs.XS_TRANSACTION_START, id, '\0')).toEqual(['error EBUSY']);
});

describe('trap 8: accounts', () => {
  it('add up after a creation that failed half way and after an abort', async () => {
    const stage = await scene();
    const before = nodesOf(stage);
    changeQuota(stage.host.daemon.store.state, undefined, 'nodes', before + 2);
    expect(await tell(stage, xs.XS_WRITE, 0, 'mine/a/b/c\0v')).toEqual(['error ENOSPC']);
    expect(nodesOf(stage)).toBe(before);
    const id = await begin(stage);
    await tell(stage, xs.XS_WRITE, id, 'mine/a\0v');
    await tell(stage, xs.XS_TRANSACTION_END, id, 'F\0');
    expect(nodesOf(stage)).toBe(before);
    expect(stage.host.daemon.store.check()).toEqual([]);
  });

  it('follow a node to its new owner', async () => {
    const stage = await scene();
    const { host, raw } = stage;
    const before = nodesOf(stage);
    const path = `/local/domain/${raw.guest.domid}/mine`;
    must(await host.sim.run(host.tools.setPerms(path, [{ domid: 0, access: 'n' }])));
    expect(nodesOf(stage)).toBe(before - 1);
    expect(host.daemon.store.check()).toEqual([]);
  });
});

it('trap 9: two domains that stand in for each other both come to their end', async () => {
  const stage = await scene();
  const { host, raw } = stage;
  const { sim, tools, daemon } = host;
  const second = await host.addGuest();
  must(await sim.run(tools.setTarget(raw.guest.domid, second.domid)));
  must(await sim.run(tools.setTarget(second.domid, raw.guest.domid)));
  for (const { domid } of [raw.guest, second]) {
    must(sim.dom0.domainControl.destroyDomain(domid));
    await sim.advance(5);
    expect(daemon.store.state.domains.has(domid)).toBe(false);
  }
  await stage.othersAreFine();
});

it('trap 10: a path that ends with a slash is refused by whatever takes one', async () => {
  const stage = await scene();
  for (const type of [xs.XS_READ, xs.XS_DIRECTORY, xs.XS_MKDIR, xs.XS_RM, xs.XS_GET_PERMS]) {
    for (const path of ['/local/domain/', '/local/domain//', 'mine/', '//']) {
      expect(await tell(stage, type, 0, `${path}\0`), `${type} ${path}`).toEqual(['error EINVAL']);
    }
  }
});

it('trap 13: both ids come back with all their bits', async () => {
  const { raw, host } = await scene();
  const seen: number[][] = [];
  const listen = rawIds(raw);
  for (const [reqId, txId] of [
    [0xffffffff, 0],
    [0x80000001, 0xfffffffe],
    [0, 0x7fffffff],
  ] as const) {
    raw.put(encodePacket(xs.XS_READ, reqId, txId, 'mine\0'));
    raw.guest.notify();
    await host.sim.advance(1);
    seen.push(...listen());
  }
  expect(seen).toEqual([
    [0xffffffff, 0],
    [0x80000001, 0xfffffffe],
    [0, 0x7fffffff],
  ]);
});

/** The ids of the packets in the ring, read without the daemon's own code for pages. */
function rawIds({ guest, field, setField }: RawGuest): () => number[][] {
  return () => {
    const ids: number[][] = [];
    const decoder = createDecoder((_type, reqId, txId) => void ids.push([reqId, txId]));
    const [from, to] = [field('rspCons'), field('rspProd')];
    const bytes = Array.from({ length: to - from }, (_, i) => {
      return guest.page.bytes[1024 + ((from + i) % 1024)] as number;
    });
    decoder.push(Uint8Array.from(bytes));
    setField('rspCons', to);
    return ids;
  };
}

it('trap 15: with a depth a watch of @releaseDomain is told which domain, else once', async () => {
  const stage = await scene();
  const { host, raw } = stage;
  const { sim, tools } = host;
  must(await sim.run(tools.setPerms('@releaseDomain', [{ domid: 0, access: 'r' }])));
  const [first, second] = [await host.addGuest(), await host.addGuest()];
  await tell(stage, xs.XS_WATCH, 0, '@releaseDomain\0any\0');
  await tell(stage, xs.XS_WATCH, 0, '@releaseDomain\0which\x001\0');
  await tell(stage, xs.XS_WATCH, 0, `@releaseDomain/${second.domid}\0that\0`);
  for (const { domid } of [first, second]) sim.domain(domid).shutdown('poweroff');
  await sim.advance(5);
  const events = raw.take().map((said) => show(said).replace('event @releaseDomain', ''));
  expect(events.toSorted()).toEqual(
    [
      '|any|',
      `/${first.domid}|which|`,
      `/${second.domid}|that|`,
      `/${second.domid}|which|`,
    ].toSorted(),
  );
});

it('trap 16: the generation of a list changes with every change of the list', async () => {
  const stage = await scene();
  const generation = async (): Promise<string> =>
    (await tell(stage, xs.XS_DIRECTORY_PART, 0, 'mine\x000\0'))[0]?.split('|')[0] ?? '';
  const seen = new Set([await generation()]);
  const changes: readonly (readonly [number, string])[] = [
    [xs.XS_WRITE, 'mine/a\0'],
    [xs.XS_MKDIR, 'mine/b\0'],
    [xs.XS_RM, 'mine/a\0'],
    [xs.XS_WRITE, 'mine/b/c/d\0'],
  ];
  let expected = 1;
  for (const [type, payload] of changes) {
    expect(await tell(stage, type, 0, payload)).toEqual(['OK|']);
    seen.add(await generation());
    // What is made further below is another list's affair.
    if (payload !== 'mine/b/c/d\0') expected++;
    expect(seen.size).toBe(expected);
  }
});
