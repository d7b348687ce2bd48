/** Every quota has its limit and its error, and who does not read slows only himself. */

import { describe, expect, it } from 'vitest';
import { consumeOutput } from './output.ts';
import { bench, type Speaker } from './testing.ts';

const many = (count: number, say: (i: number) => string): string[] =>
  Array.from({ length: count }, (_, i) => say(i));

/** How many of the replies are OK before the first other one, and that one. */
function untilRefused(replies: readonly string[]): [number, string | undefined] {
  const first = replies.findIndex((reply) => reply !== 'OK|');
  return first < 0 ? [replies.length, undefined] : [first, replies[first]];
}

describe('quotas of a guest', () => {
  it('limit its nodes, whoever creates them on the way', () => {
    const { guest, store } = bench({ quotas: { nodes: 5 } });
    const one = guest(1);
    expect(untilRefused(many(9, (i) => one.say('write', `a/${i}`, '')))).toEqual([3, 'ENOSPC']);
    expect(one.say('write', 'b/c/d', '')).toBe('ENOSPC');
    expect(one.say('read', 'b')).toBe('ENOENT');
    expect(store.check()).toEqual([]);
    one.say('rm', 'a');
    expect(one.say('write', 'b/c/d', '')).toBe('OK|');
  });

  it('limit its watches', () => {
    const { guest } = bench({ quotas: { watches: 3 } });
    const one = guest(1);
    const replies = many(9, (i) => one.say('watch', `a/${i}`, 't'));
    expect(untilRefused(replies)).toEqual([4, 'E2BIG']);
    one.say('unwatch', 'a/0', 't');
    expect(one.say('watch', 'b', 't')).toBe('OK|');
  });

  it('limit its open transactions', () => {
    const { guest } = bench({ quotas: { transactions: 2 } });
    const one = guest(1);
    const replies = many(5, () => one.raw(6, 0, '\0'));
    expect(replies).toEqual(['1|', '2|', '3|', 'ENOSPC', 'ENOSPC']);
  });

  it('limit the nodes that a transaction touches, and fail it', () => {
    const { guest } = bench({ quotas: { transactionNodes: 4 } });
    const one = guest(1);
    const id = one.begin();
    expect(one.in(id, 'write', 'a', '')).toBe('OK|');
    expect(one.in(id, 'write', 'b', '')).toBe('OK|');
    expect(one.in(id, 'write', 'c', '')).toBe('OK|');
    expect(one.in(id, 'write', 'd', '')).toBe('ENOSPC');
    expect(one.in(id, 'end', 'T')).toBe('ENOMEM');
    expect(one.say('read', 'a')).toBe('ENOENT');
  });

  it('limit the size of a node: its value, its list, and its permissions', () => {
    const { guest, store } = bench();
    const one = guest(1);
    expect(one.say('write', 'x', 'v'.repeat(2048 - 33))).toBe('OK|');
    expect(one.say('write', 'x', 'v'.repeat(2048 - 32))).toBe('ENOSPC');
    expect(one.say('write', 'y', 'v'.repeat(2048 - 32))).toBe('ENOSPC');
    expect(one.say('read', 'y')).toBe('ENOENT');
    const [count] = untilRefused(
      many(999, (i) => one.say('mkdir', `d/${String(i).padStart(9, '0')}`)),
    );
    expect(count).toBe(Math.floor((2047 - 32) / 10));
    expect(store.check()).toEqual([]);
  });

  it('limit the entries of a permission list', () => {
    const { guest } = bench({ quotas: { permissions: 2 } });
    const one = guest(1);
    expect(one.say('setPerms', '/local/domain/1', 'n1', 'r2')).toBe('OK|');
    expect(one.say('setPerms', '/local/domain/1', 'n1', 'r2', 'r3')).toBe('ENOSPC');
  });

  it('limit the length of a path, at once when it is set', () => {
    const { dom0 } = bench({ quotas: { pathMax: 20 } });
    expect(dom0.say('write', `/${'p'.repeat(19)}`, '')).toBe('OK|');
    expect(dom0.say('write', `/${'p'.repeat(20)}`, '')).toBe('EINVAL');
    expect(dom0.say('control', 'quota', 'set', 'path-max', '10')).toBe('OK|');
    expect(dom0.say('read', `/${'p'.repeat(19)}`)).toBe('EINVAL');
  });

  it('limit its memory, and say so once in the log', () => {
    const { guest, host, store } = bench({ quotas: { memory: 20_000, softMemory: 5_000 } });
    const one = guest(1);
    const value = 'v'.repeat(1000);
    host.timeMs = 20_000;
    const replies = many(40, (i) => one.say('write', `a/${i}`, value));
    expect(untilRefused(replies)[1]).toBe('ENOMEM');
    expect(host.lines.filter((line) => line.includes('over the soft quota'))).toHaveLength(1);
    untilRefused(many(40, (i) => one.say('mkdir', `b/${i}`)));
    expect(store.state.domains.get(1)?.memory).toBeLessThan(20_000);
    expect(one.say('read', 'a/0')).toBe('ENOMEM');
    expect(store.check()).toEqual([]);
  });

  it('do not hold for dom0', () => {
    const { dom0 } = bench({ quotas: { nodes: 1, watches: 1, transactions: 1, permissions: 1 } });
    expect(many(9, (i) => dom0.say('write', `/a/${i}`, 'v'.repeat(3000)))).toEqual(
      Array(9).fill('OK|'),
    );
    expect(many(9, (i) => dom0.say('watch', `/a/${i}`, 't'))).toEqual(Array(9).fill('OK|'));
    expect(dom0.say('setPerms', '/a', 'n0', 'r1', 'r2', 'r3')).toBe('OK|');
  });

  it('may be higher for one domain', () => {
    const { dom0, guest } = bench({ quotas: { nodes: 3 } });
    const [one, two] = [guest(1), guest(2)];
    dom0.say('setQuota', '2', 'nodes', '100');
    const fill = (who: Speaker) => untilRefused(many(20, (i) => who.say('write', `a/${i}`, '')))[0];
    expect(fill(one)).toBe(1);
    expect(fill(two)).toBe(20);
  });
});

const HARD_NAMES = [
  'nodes',
  'memory',
  'watches',
  'transactions',
  'node-permissions',
  'node-size',
  'path-max',
];

it('a quota of 0 is no limit', () => {
  const { dom0, guest } = bench({ quotas: { outstanding: 1000 } });
  const one = guest(1);
  for (const name of HARD_NAMES) expect(dom0.say('setQuota', '1', name, '0')).toBe('OK|');
  for (let i = 0; i < 1100; i++) expect(one.say('write', `n${i}`, 'x'.repeat(3000))).toBe('OK|');
  for (let i = 0; i < 200; i++) expect(one.say('watch', 'w', `t${i}`)).toBe('OK|');
  for (let i = 0; i < 20; i++) expect(one.begin()).toBeGreaterThan(0);
  expect(one.say('setPerms', 'n1', 'n1', ...Array(9).fill('r2'))).toBe('OK|');
  expect(one.say('mkdir', 'p'.repeat(2048))).toBe('OK|');
  expect(one.say('mkdir', 'p'.repeat(2049))).toBe('EINVAL');
});

it('a domain may have a limit of its own on the length of its paths', () => {
  const { dom0, guest } = bench();
  const [one, two] = [guest(1), guest(2)];
  dom0.say('setQuota', '1', 'path-max', '5');
  for (const op of ['mkdir', 'read']) {
    expect(one.say(op, '123456')).toBe('EINVAL');
    expect(one.say(op, '12345')).not.toBe('EINVAL');
  }
  expect(one.say('watch', '123456', 't')).toBe('EINVAL');
  expect(two.say('mkdir', '123456')).toBe('OK|');
  dom0.say('setQuota', 'path-max', '4');
  expect(one.say('mkdir', '12345')).toBe('OK|');
  expect(two.say('mkdir', '12345')).toBe('EINVAL');
});

describe('a driver domain', () => {
  it('has higher quotas once the toolstack makes it one; what is set for it stays', () => {
    const { dom0, guest } = bench({ quotas: { nodes: 5 } });
    const [one, two] = [guest(1), guest(2)];
    one.say('mkdir', 'libxl');
    expect(dom0.say('getQuota', '1', 'nodes')).toBe('5|');
    dom0.say('setQuota', '2', 'watches', '7');
    dom0.say('mkdir', '/local/domain/2/libxl');
    expect(dom0.say('getQuota', '2', 'nodes')).toBe('20000|');
    expect(dom0.say('getQuota', '2', 'watches')).toBe('7|');
    const replies = many(50, (i) => two.say('write', `a/${i}`, ''));
    expect(untilRefused(replies)).toEqual([50, undefined]);
  });
});

describe('a guest that does not read', () => {
  /** Requests whose replies stay unread. */
  const flood = (one: Speaker, store: ReturnType<typeof bench>['store'], count: number): void => {
    const bytes = Uint8Array.from('/tool\0', (c) => c.charCodeAt(0));
    for (let i = 0; i < count; i++) store.handle(one.connection, 2, i, 0, bytes, 0, bytes.length);
  };

  it('is not served beyond its outstanding requests until it reads', () => {
    const { guest, store } = bench();
    const one = guest(1);
    flood(one, store, 19);
    expect(store.readDelayMs(one.connection)).toBe(0);
    flood(one, store, 1);
    expect(store.readDelayMs(one.connection)).toBe(Number.POSITIVE_INFINITY);
    one.events();
    expect(store.readDelayMs(one.connection)).toBe(0);
    expect(store.check()).toEqual([]);
  });

  it('owes a request until the events that it caused are read by others too', () => {
    const { guest, store, dom0 } = bench();
    const one = guest(1);
    const watcher = guest(2);
    dom0.say('setPerms', '/local/domain/1', 'r1');
    watcher.say('watch', '/local/domain/1', 't');
    one.say('write', 'data', '1');
    expect(store.state.domains.get(1)?.outstanding).toBe(1);
    watcher.events();
    expect(store.state.domains.get(1)?.outstanding).toBe(0);
  });

  it('gets an event once that waits already, but each special one', () => {
    const { guest, store, dom0 } = bench();
    const one = guest(1);
    one.say('watch', 'data', 't');
    dom0.say('setPerms', '/local/domain/1', 'n1');
    one.events();
    for (let i = 0; i < 5; i++) dom0.say('write', '/local/domain/1/data', String(i));
    expect(one.events()).toEqual(['data:t']);
    dom0.say('setPerms', '@releaseDomain', 'r0');
    one.say('watch', '@releaseDomain', 't');
    one.events();
    for (const domid of [5, 6]) {
      store.introduce(domid);
      store.release(domid);
    }
    expect(one.events()).toEqual(['@releaseDomain:t', '@releaseDomain:t']);
  });

  it('loses events after 20 seconds, but not one that it has begun to read', () => {
    const { guest, store, dom0, host } = bench();
    const one = guest(1);
    one.say('watch', 'data', 't');
    one.events();
    dom0.say('write', '/local/domain/1/data/a', '');
    dom0.say('write', '/local/domain/1/data/b', '');
    const { output } = one.connection;
    const size = output.size;
    consumeOutput(output, 5);
    expect(store.nextDeadlineMs()).toBe(20_000);
    host.timeMs = 19_999;
    store.expire();
    expect(output.size).toBe(size - 5);
    host.timeMs = 20_000;
    store.expire();
    expect(output.size).toBe(size / 2 - 5);
    expect(host.lines).toContain('domain 1: unread watch events dropped');
    expect(store.check()).toEqual([]);
  });

  it('may be stuck for ever if it is a tool, until it holds too much', () => {
    const { dom0, tool, store, host } = bench({ socketOutputMax: 20_000 });
    const stuck = tool();
    stuck.say('watch', '/', 't');
    let written = 0;
    while (written < 10_000 && !stuck.connection.ignored) {
      dom0.say('write', `/${written++}`, '');
      store.flush();
    }
    expect(written).toBeGreaterThan(100);
    expect(stuck.connection.ignored).toBe(true);
    expect(host.lines.some((line) => line.includes('cut off'))).toBe(true);
    expect(dom0.say('read', '/tool')).toBe('');
  });
});

describe('the write rate limit', () => {
  it('holds only while a transaction of another is open, and only the writer', () => {
    const { guest, store, dom0, host } = bench();
    const [one, two] = [guest(1), guest(2)];
    for (let i = 0; i < 100; i++) one.say('write', 'data', String(i));
    expect(store.readDelayMs(one.connection)).toBe(0);
    dom0.begin();
    for (let i = 0; i < 100; i++) one.say('write', 'data', String(i));
    expect(store.readDelayMs(one.connection)).toBeGreaterThan(0);
    expect(store.readDelayMs(two.connection)).toBe(0);
    expect(store.readDelayMs(dom0.connection)).toBe(0);
    host.timeMs = 5_000;
    expect(store.readDelayMs(one.connection)).toBe(0);
  });
});
