/** One test for each advisory on a xenstored, C or OCaml, about rights. */

import { describe, expect, it } from 'vitest';
import { bench } from './testing.ts';

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

describe('trap 6; XSA-353: the root', () => {
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
