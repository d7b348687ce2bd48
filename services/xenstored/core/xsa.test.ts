/**
 * One test for each advisory on a xenstored, C or OCaml: what was wrong there must not happen
 * here.
 */

import { describe, expect, it } from 'vitest';
import { createDecoder } from '../../../shared/xenstore/wire.ts';
import { pathOf } from './path.ts';
import { bench, speaker } from './testing.ts';

describe('XSA-38, XSA-325: a guest that breaks the protocol', () => {
  it('is served no longer, while its domain and its nodes stay and nobody is told', () => {
    const { guest, dom0, store } = bench();
    const one = guest(1);
    one.say('write', 'data/x', 'v');
    dom0.say('watch', '@releaseDomain', 't');
    dom0.events();
    store.ignore(one.connection);
    expect(one.say('read', 'data/x')).toBe('silence');
    expect(dom0.say('read', '/local/domain/1/data/x')).toBe('v');
    expect(dom0.say('introduced', '1')).toBe('T|');
    expect(dom0.events()).toEqual([]);
    store.checkDomains((domid) => (domid === 1 ? undefined : { shutdown: false, dying: false }));
    expect(dom0.events()).toEqual(['@releaseDomain:t']);
    expect(dom0.say('read', '/local/domain/1/data/x')).toBe('ENOENT');
    expect(store.check()).toEqual([]);
  });
});

describe('XSA-115: watches and permissions', () => {
  it('no events for nodes that the watcher may not read', () => {
    const { guest, dom0 } = bench();
    const one = guest(1);
    one.say('watch', '/', 't');
    one.events();
    dom0.say('write', '/secret/x', 'v');
    dom0.say('rm', '/secret');
    guest(2).say('write', 'data', 'v');
    expect(one.events()).toEqual([]);
  });

  it('an event for who loses the right to read, and none after that', () => {
    const { guest, dom0 } = bench();
    const one = guest(1);
    dom0.say('write', '/open/x', 'v');
    dom0.say('setPerms', '/open/x', 'r0');
    one.say('watch', '/open/x', 't');
    one.events();
    dom0.say('setPerms', '/open/x', 'n0');
    expect(one.events()).toEqual(['/open/x:t']);
    dom0.say('write', '/open/x', 'w');
    expect(one.events()).toEqual([]);
  });

  it('no special events without permission, and no questions about other domains', () => {
    const { guest, dom0 } = bench();
    const one = guest(1);
    one.say('watch', '@introduceDomain', 't');
    one.say('watch', '@releaseDomain', 't');
    one.events();
    dom0.say('introduce', '3', '1', '5');
    dom0.say('release', '3');
    expect(one.events()).toEqual([]);
    expect(one.say('introduced', '2')).toBe('EACCES');
  });

  it('the transaction id of WATCH and UNWATCH is not looked at', () => {
    const { dom0 } = bench();
    expect(dom0.in(4711, 'watch', '/a', 't')).toBe('OK|');
    expect(dom0.in(4711, 'unwatch', '/a', 't')).toBe('OK|');
  });
});

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

describe('XSA-233: SET_TARGET and the end of the target', () => {
  it('the stub domain goes on without the target’s rights', () => {
    const { guest, dom0, store } = bench();
    const [one] = [guest(1), guest(2)];
    dom0.say('target', '1', '2');
    dom0.say('target', '2', '1');
    dom0.say('target', '1', '1');
    dom0.say('target', '1', '2');
    dom0.say('release', '2');
    guest(2).say('write', 'data', 'new');
    expect(one.say('read', '/local/domain/2/data')).toBe('EACCES');
    dom0.say('release', '1');
    expect(store.check()).toEqual([]);
  });
});

describe('XSA-322, XSA-417: a domain with the number of an earlier one', () => {
  it('has none of its rights', () => {
    const { guest, dom0, store, host } = bench();
    guest(1);
    dom0.say('write', '/shared/x', 'v');
    dom0.say('setPerms', '/shared/x', 'n0', 'b1');
    dom0.say('setPerms', '@releaseDomain', 'n0', 'r1');
    dom0.say('release', '1');
    host.domains.delete(1);
    dom0.say('write', '/shared/x', 'w');
    dom0.say('write', '/shared/x/below', 'w');
    const again = guest(1);
    dom0.say('write', '/shared/x', 'again');
    for (const path of ['/shared/x', '/shared/x/below']) {
      expect(again.say('read', path)).toBe('EACCES');
    }
    again.say('watch', '@releaseDomain', 't');
    again.events();
    store.introduce(2);
    dom0.say('release', '2');
    expect(again.events()).toEqual([]);
  });

  it('gets none from a list that was set while the number was free', () => {
    const { guest, dom0, host } = bench();
    host.domains.delete(9);
    dom0.say('write', '/shared/x', 'v');
    expect(dom0.say('setPerms', '/shared/x', 'n0', 'r9')).toBe('OK|');
    expect(dom0.say('getPerms', '/shared/x')).toBe('n0|r9|');
    expect(guest(9).say('read', '/shared/x')).toBe('EACCES');
  });
});

describe('XSA-323: long paths', () => {
  it('are refused by every operation that takes one', () => {
    const { guest } = bench();
    const one = guest(1);
    const path = `/${'x'.repeat(3000)}`;
    for (const op of ['read', 'ls', 'getPerms', 'mkdir', 'rm']) {
      expect([op, one.say(op, path)]).toEqual([op, 'EINVAL']);
    }
    expect(one.say('write', path, '')).toBe('EINVAL');
    expect(one.say('watch', path, 't')).toBe('EINVAL');
    expect(one.say('setPerms', path, 'n1')).toBe('EINVAL');
  });
});

describe('XSA-324: an event that fits no packet', () => {
  it('is dropped', () => {
    const { guest, dom0 } = bench();
    const one = guest(1);
    const token = 't'.repeat(3000);
    expect(one.say('watch', 'data', token)).toBe('OK|');
    one.events();
    const deep = `data/${'y'.repeat(1500)}`;
    expect(one.say('write', deep, '')).toBe('OK|');
    expect(one.events()).toEqual([]);
    expect(dom0.say('read', `/local/domain/1/${deep}`)).toBe('');
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
    expect(one.connection.output.size()).toBeLessThan(2.5 * 1024 * 1024);
    expect(store.check()).toEqual([]);
  });

  it('an idle transaction does not keep the past alive', () => {
    const { guest, store, dom0 } = bench();
    const one = guest(1);
    const ids = Array.from({ length: 11 }, () => one.begin());
    for (const id of ids) one.in(id, 'read', '/local/domain/1');
    expect(store.state.snapshots.size).toBe(11);
    for (let i = 0; i < 200; i++) dom0.say('write', `/churn/${i}`, 'v');
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

describe('XSA-352: ownership', () => {
  it('is not given away by a guest, nor taken', () => {
    const { guest } = bench();
    const one = guest(1);
    one.say('write', 'data', 'v');
    expect(one.say('setPerms', 'data', 'n2')).toBe('EPERM');
    expect(one.say('setPerms', 'data', 'n0')).toBe('EPERM');
    expect(one.say('setPerms', '/tool', 'n1')).toBe('EACCES');
  });
});

describe('XSA-353: the root', () => {
  it('has permissions like any node', () => {
    const { guest } = bench();
    const one = guest(1);
    expect(one.say('ls', '/')).toBe('EACCES');
    expect(one.say('read', '/')).toBe('EACCES');
    expect(one.say('write', '/', 'x')).toBe('EACCES');
    expect(one.say('setPerms', '/', 'b1')).toBe('EACCES');
    expect(one.say('mkdir', '/x')).toBe('EACCES');
    expect(one.say('getPerms', '/')).toBe('EACCES');
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

describe('XSA-418: a deep tree', () => {
  it('is created, listed, removed and left behind by its owner without recursion', () => {
    const { guest, dom0, store } = bench();
    const one = guest(1);
    const deep = Array.from({ length: 990 }, () => 'd').join('/');
    expect(one.say('write', deep, 'v')).toBe('OK|');
    expect(one.say('read', deep)).toBe('v');
    expect(one.say('rm', 'd')).toBe('OK|');
    expect(one.say('write', deep, 'v')).toBe('OK|');
    dom0.say('release', '1');
    expect(dom0.say('read', '/local/domain/1')).toBe('ENOENT');
    expect(store.check()).toEqual([]);
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

describe('XSA-420: large numbers', () => {
  it('in a header are refused, in an argument cut as in C', () => {
    const { dom0, store } = bench();
    for (const length of [4097, 0x7fffffff, 0x80000000, 0xffffffff]) {
      const header = new Uint8Array(16);
      new DataView(header.buffer).setUint32(12, length, true);
      const decoder = createDecoder(() => {
        throw new Error('a packet');
      });
      expect(decoder.push(header).ok).toBe(false);
    }
    expect(dom0.say('path', '4294967297')).toBe('/local/domain/1|');
    expect(dom0.say('path', '-1')).toBe('/local/domain/4294967295|');
    expect(dom0.say('part', '/tool', '99999999999999999999')).toMatch(/^\d+\|\|$/);
    expect(dom0.say('introduce', '1', '1', '4294967296')).toBe('EINVAL');
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

describe('XSA-425: a domain that is introduced again (kexec)', () => {
  it('starts anew, with its nodes, whatever was under way', () => {
    const { guest, dom0, store } = bench();
    const one = guest(1);
    one.say('write', 'data', 'v');
    one.say('watch', 'data', 't');
    one.events();
    const id = one.begin();
    one.in(id, 'write', 'data', 'w');
    store.handle(one.connection, 2, 1, 0, new Uint8Array([0x64, 0]), 0, 2);
    expect(dom0.say('introduce', '1', '1', '9')).toBe('OK|');
    expect(one.connection.output.size()).toBe(0);
    expect(one.in(id, 'end', 'T')).toBe('ENOENT');
    expect(one.say('read', 'data')).toBe('v');
    expect(one.events()).toEqual([]);
    expect(store.check()).toEqual([]);
  });
});

describe('XSA-440: accounts at a commit', () => {
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

describe('XSA-481: a path that ends in a slash below the homes of domains', () => {
  it('is refused by every operation', () => {
    const { guest } = bench();
    const one = guest(1);
    for (const path of ['/local/domain/', '/local/domain/1/', '/local/domain//']) {
      for (const op of ['read', 'ls', 'getPerms', 'mkdir', 'rm']) {
        expect([op, one.say(op, path)]).toEqual([op, 'EINVAL']);
      }
      expect(one.say('write', path, '')).toBe('EINVAL');
      expect(one.say('watch', path, 't')).toBe('EINVAL');
      expect(one.say('setPerms', path, 'n1')).toBe('EINVAL');
      expect(one.say('part', path, '0')).toBe('EINVAL');
    }
  });
});

describe('XSA-272, XSA-483: accounts of a number that is used again', () => {
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

describe('XSA-484: RESET_WATCHES inside a transaction', () => {
  it('ends the transaction and is answered', () => {
    const { guest, store } = bench();
    const one = guest(1);
    const id = one.begin();
    one.in(id, 'write', 'data', 'v');
    expect(one.in(id, 'reset', '')).toBe('OK|');
    expect(one.in(id, 'end', 'T')).toBe('ENOENT');
    expect(one.say('read', 'data')).toBe('ENOENT');
    expect(store.check()).toEqual([]);
  });
});

describe('requests that arrive after a RELEASE', () => {
  it('are not answered, and a dead domain’s connection says nothing more', () => {
    const { guest, dom0, store } = bench();
    const one = guest(1);
    dom0.say('release', '1');
    expect(one.say('write', '/local/domain/1/x', 'v')).toBe('silence');
    expect(dom0.say('read', '/local/domain/1/x')).toBe('ENOENT');
    expect(speaker(store, store.introduce(1)).say('read', '/local/domain/1')).toBe('EACCES');
    expect(store.check()).toEqual([]);
  });
});
