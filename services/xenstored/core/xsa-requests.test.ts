/** One test for each advisory on a xenstored, C or OCaml, about requests and their order. */

import { describe, expect, it } from 'vitest';
import { createDecoder } from '../../../shared/xenstore/wire.ts';
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

describe('trap 8; XSA-418: a deep tree', () => {
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

describe('trap 11; XSA-420: large numbers', () => {
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
    expect(one.connection.output.size).toBe(0);
    expect(one.in(id, 'end', 'T')).toBe('ENOENT');
    expect(one.say('read', 'data')).toBe('v');
    expect(one.events()).toEqual([]);
    expect(store.check()).toEqual([]);
  });
});

describe('trap 10; XSA-481: a path that ends in a slash below the homes of domains', () => {
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

describe('trap 9: requests that arrive after a RELEASE', () => {
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
