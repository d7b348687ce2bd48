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

  it('refuses a commit whose events have no room, and tells of a removal what has', () => {
    const { dom0, tool, host, store } = bench();
    const watcher = tool();
    for (let i = 0; i < 10; i++) watcher.say('watch', '/many', `t${i}`);
    for (let i = 0; i < 50; i++) dom0.say('write', `/many/${i}`, 'v');
    watcher.events();
    const begun = dom0.begin();
    for (let i = 0; i < 50; i++) dom0.in(begun, 'write', `/many/${i}`, 'w');
    const asked: number[] = [];
    host.hasRoom = (bytes = 0) => {
      asked.push(bytes);
      return bytes < 20_000;
    };
    expect(dom0.in(begun, 'end', 'T')).toBe('ENOMEM');
    // It did not go on to look once there was too much.
    expect(Math.max(...asked)).toBeLessThan(25_000);
    expect([dom0.say('read', '/many/1'), watcher.events()]).toEqual(['v', []]);
    expect(dom0.say('rm', '/many')).toBe('OK|');
    expect(watcher.events().length).toBeGreaterThan(0);
    expect(store.check()).toEqual([]);
  });
});
