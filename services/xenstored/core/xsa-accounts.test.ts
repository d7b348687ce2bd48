/** One test for each advisory on a xenstored, C or OCaml, about memory and quotas. */

import { describe, expect, it } from 'vitest';
import { pathOf } from './path.ts';
import { bench } from './testing.ts';

describe('XSA-206: a guest that writes all the time', () => {
  it('cannot make the toolstack’s transactions fail: it is held back while one is open', () => {
    const { guest, dom0, store } = bench();
    const one = guest(1);
    const id = dom0.begin();
    dom0.in(id, 'read', '/local/domain/1');
    let served = 0;
    for (let i = 0; i < 1000 && store.readDelayMs(one.connection) === 0; i++, served++) {
      one.say('write', 'data', String(i));
    }
    expect(served).toBeLessThan(50);
    expect(dom0.in(id, 'end', 'T')).toBe('OK|');
  });
});

describe('XSA-326: memory', () => {
  it('a guest that reads nothing holds a bounded amount of it', () => {
    const { guest, store } = bench();
    const one = guest(1);
    for (let i = 0; i < 100; i++) one.say('watch', `data/${i}`, 'w'.repeat(2000));
    const bytes = Uint8Array.from('data\0', (c) => c.charCodeAt(0));
    for (let i = 0; i < 100_000 && store.readDelayMs(one.connection) === 0; i++) {
      store.handle(one.connection, i % 2 === 0 ? 12 : 13, i, 0, bytes, 0, bytes.length);
    }
    expect(one.connection.output.size).toBeLessThan(2.5 * 1024 * 1024);
    expect(store.check()).toEqual([]);
  });

  it('an idle transaction does not keep the past alive', () => {
    const { guest, store, dom0 } = bench();
    const one = guest(1);
    const ids = Array.from({ length: 11 }, () => one.begin());
    const value = 'v'.repeat(1000);
    for (let i = 0; i < 600; i++) dom0.say('write', `/churn/${i % 10}/${i}`, value);
    for (const id of ids) one.in(id, 'read', '/local/domain/1');
    expect(store.state.snapshots.size).toBe(11);
    for (let i = 0; i < 600; i++) dom0.say('write', `/churn/${i % 10}/${i}`, 'v');
    expect(store.state.snapshots.size).toBe(0);
    for (const id of ids) expect(one.in(id, 'end', 'T')).toBe('OK|');
    expect(store.check()).toEqual([]);
  });
});

describe('XSA-330: watches that are reset', () => {
  it('leave nothing in the trie', () => {
    const { guest, store, dom0 } = bench();
    const one = guest(1);
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 100; i++) one.say('watch', `a/b/${i}/${round}`, 't');
      expect(one.say('reset', '')).toBe('OK|');
    }
    expect(store.state.watches.size()).toBe(0);
    expect(store.state.watches.mayMatch(pathOf('/local/domain/1/a/b/1/1'))).toBe(false);
    dom0.say('write', '/local/domain/1/a/b/1/1', '');
    expect(one.events().filter((event) => !event.startsWith('a/b'))).toEqual([]);
    expect(store.check()).toEqual([]);
  });
});

describe('XSA-414, XSA-415: a creation that fails half way', () => {
  it('leaves no node and no account behind, in a transaction or not', () => {
    const { guest, dom0, store } = bench({ quotas: { nodes: 4 } });
    const one = guest(1);
    expect(one.say('write', 'a/b/c/d', '')).toBe('ENOSPC');
    const id = one.begin();
    expect(one.in(id, 'write', 'a', 'v'.repeat(3000))).toBe('ENOSPC');
    expect(one.in(id, 'end', 'T')).toBe('ENOMEM');
    expect(dom0.say('ls', '/local/domain/1')).toBe('');
    expect(one.say('write', 'a/b/c', '')).toBe('OK|');
    expect(store.check()).toEqual([]);
  });
});

describe('XSA-416: replies', () => {
  it('count against the memory of a guest until it reads them', () => {
    const { guest, store } = bench();
    const one = guest(1);
    one.say('write', 'data', 'v'.repeat(1000));
    const before = store.state.domains.get(1)?.memory ?? 0;
    const bytes = Uint8Array.from('data\0', (c) => c.charCodeAt(0));
    store.handle(one.connection, 2, 1, 0, bytes, 0, bytes.length);
    expect(store.state.domains.get(1)?.memory).toBe(before + 1016);
    one.events();
    expect(store.state.domains.get(1)?.memory).toBe(before);
  });
});

describe('XSA-419: guests that help each other', () => {
  it('cannot leave nodes behind: they go with their owner, wherever they are', () => {
    const { guest, dom0, store } = bench();
    const [one, two] = [guest(1), guest(2)];
    one.say('write', 'open', '');
    one.say('setPerms', 'open', 'b1');
    for (let i = 0; i < 50; i++) two.say('write', `/local/domain/1/open/${i}`, 'v');
    dom0.say('release', '2');
    expect(dom0.say('ls', '/local/domain/1/open')).toBe('');
    expect(store.check()).toEqual([]);
  });

  it('leaves them to dom0 where orphans are kept', () => {
    const { guest, dom0, store } = bench({ keepOrphans: true });
    guest(1).say('write', 'data/x', 'v');
    dom0.say('release', '1');
    expect(dom0.say('getPerms', '/local/domain/1/data/x')).toBe('n0|');
    expect(store.check()).toEqual([]);
  });
});

describe('XSA-421: nodes deleted and created in one transaction', () => {
  it('count as what is there in the end', () => {
    const { guest, store } = bench({ quotas: { nodes: 10 } });
    const one = guest(1);
    for (let i = 0; i < 6; i++) one.say('mkdir', `a${i}`);
    const id = one.begin();
    for (let i = 0; i < 3; i++) one.in(id, 'rm', `a${i}`);
    for (let i = 0; i < 9; i++) one.in(id, 'mkdir', `b${i}`);
    expect(one.in(id, 'end', 'T')).toBe('ENOSPC');
    expect(store.state.domains.get(1)?.nodes).toBe(7);
    expect(store.check()).toEqual([]);
  });
});

describe('trap 8; XSA-440: accounts at a commit', () => {
  it('do not go below nothing when others removed the same nodes', () => {
    const { guest, dom0, store } = bench();
    const one = guest(1);
    for (let i = 0; i < 5; i++) one.say('mkdir', `a/${i}`);
    const id = one.begin();
    one.in(id, 'rm', 'a');
    dom0.say('rm', '/local/domain/1/a');
    expect(one.in(id, 'end', 'T')).toBe('EAGAIN');
    expect(store.state.domains.get(1)?.nodes).toBe(1);
    expect(store.check()).toEqual([]);
  });
});

describe('trap 8; XSA-272, XSA-483: accounts of a number that is used again', () => {
  it('start at nothing', () => {
    const { guest, dom0, store } = bench({ quotas: { nodes: 5, watches: 2, transactions: 1 } });
    for (let round = 0; round < 5; round++) {
      const one = guest(1);
      for (let i = 0; i < 4; i++) expect(one.say('mkdir', `a${i}`)).toBe('OK|');
      for (let i = 0; i < 3; i++) expect(one.say('watch', `a${i}`, 't')).toBe('OK|');
      expect(one.begin()).toBe(1);
      expect(store.check()).toEqual([]);
      dom0.say('release', '1');
      expect(store.state.domains.has(1)).toBe(false);
    }
    expect(store.state.openTransactions).toBe(0);
  });
});
