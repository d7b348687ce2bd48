/** What a store does when its process or domain runs out of memory. */

import { describe, expect, it } from 'vitest';
import { bench } from './testing.ts';

describe('a store that runs out of memory', () => {
  it('refuses what adds to it with ENOMEM, even to dom0, and does all else', () => {
    const { dom0, guest, host, store } = bench();
    const one = guest(1);
    one.say('write', 'a', 'v');
    const begun = one.begin();
    one.in(begun, 'write', 'b', 'v');
    host.hasRoom = () => false;
    for (const speaker of [dom0, one]) {
      expect(speaker.say('write', 'c', 'v')).toBe('ENOMEM');
      expect(speaker.say('mkdir', 'c')).toBe('ENOMEM');
      expect(speaker.say('watch', 'a', 't')).toBe('ENOMEM');
    }
    expect(one.say('read', 'a')).toBe('v');
    expect(one.in(begun, 'read', 'b')).toBe('v');
    expect(one.in(begun, 'end', 'T')).toMatch(/^OK/);
    expect(one.say('rm', 'a')).toMatch(/^OK/);
    host.hasRoom = () => true;
    expect(one.say('write', 'c', 'v')).toMatch(/^OK/);
    expect(store.check()).toEqual([]);
  });

  it('ends a transaction that looks at more, and removes a large tree without one', () => {
    const { dom0, host, store } = bench();
    for (let i = 0; i < 300; i++) dom0.say('write', `/many/${i}/x`, 'v');
    const begun = dom0.begin();
    host.hasRoom = () => false;
    expect(dom0.in(begun, 'read', '/many/1/x')).toBe('ENOSPC');
    expect(dom0.in(begun, 'end', 'T')).not.toMatch(/^OK/);
    expect(dom0.say('rm', '/many')).toMatch(/^OK/);
    expect(store.check()).toEqual([]);
  });
});
