/** Watch events that nobody reads are bounded, whoever causes them. */

import { describe, expect, it } from 'vitest';
import { bench, type Speaker } from './testing.ts';
import { eventCount } from './unread.ts';

describe('tools that do not read', () => {
  it('may leave a certain amount together; who leaves most is cut off', () => {
    const { dom0, tool, store, host } = bench({ socketsOutputMax: 400_000 });
    const tools = Array.from({ length: 5 }, tool);
    const [worst] = tools as [Speaker];
    for (const each of tools) each.say('watch', '/x', 't');
    worst.say('watch', '/', 'u');
    for (const each of tools) each.events();
    for (let i = 0; i < 5_000 && !worst.connection.ignored; i++) {
      dom0.say('write', `/x/${i}`, '');
      store.flush();
    }
    expect(tools.map(({ connection }) => connection.ignored)).toEqual([
      true,
      ...Array(4).fill(false),
    ]);
    const waiting = tools.map(({ connection }) => eventCount(connection.output));
    expect(host.lines).toEqual([`socket ${worst.connection.number}: cut off, it does not read`]);
    // The others have read nothing either, and what they have been told is whole.
    for (const each of tools.slice(1)) expect(each.events()).toHaveLength(waiting.at(-1) as number);
    dom0.say('write', '/x/again', '');
    store.flush();
    expect(store.state.stuckBytes).toBeLessThan(400_000);
  });
});

describe('watch events that nobody reads', () => {
  it('wait in a bounded number, then are missed, and come again once some were read', () => {
    const { guest, dom0, store, host } = bench({ quotas: { watches: 4 } });
    const one = guest(1);
    dom0.say('setPerms', '/local/domain/1', 'n1');
    one.say('watch', 'd', 't');
    one.events();
    for (let i = 0; i < 100; i++) dom0.say('write', `/local/domain/1/d/${i}`, '');
    expect(one.events()).toEqual(Array.from({ length: 32 }, (_, i) => `d/${i}:t`));
    expect(host.lines).toEqual(['domain 1: misses watch events: it does not read them']);
    dom0.say('write', '/local/domain/1/d/x', '');
    expect(one.events()).toEqual(['d/x:t']);
    expect(store.check()).toEqual([]);
  });

  it('a change that causes too many is refused before it changes anything', () => {
    const { guest, store, dom0, host } = bench();
    const [one, ...others] = [guest(1), guest(2), guest(3), guest(4)] as [Speaker, ...Speaker[]];
    one.say('mkdir', 'd');
    one.say('setPerms', 'd', 'b1');
    for (let i = 0; i < 200; i++) one.say('write', `d/${i % 2}/${i}`, '');
    for (const each of others) {
      for (let i = 0; i < 100; i++) each.say('watch', '/local/domain/1/d', `t${i}`);
      each.events();
    }
    const before = store.state.tree.root;
    const id = one.begin();
    for (let i = 0; i < 200; i++) one.in(id, 'write', `d/${i % 2}/${i}`, 'new');
    expect(one.in(id, 'end', 'T')).toBe('ENOMEM');
    expect(store.state.tree.root).toBe(before);
    expect(others.flatMap((each) => each.events())).toEqual([]);
    expect(host.lines).toContain('domain 1: refused a change that over 2048 events tell of');
    // dom0 is not refused; nobody is told more than it may leave unread.
    const own = dom0.begin();
    for (let i = 0; i < 200; i++) dom0.in(own, 'write', `/local/domain/1/d/${i % 2}/${i}`, 'new');
    expect(dom0.in(own, 'end', 'T')).toBe('OK|');
    expect(others.map((each) => each.events().length)).toEqual([1024, 1024, 1024]);
    expect(store.check()).toEqual([]);
  });

  it('of watchers who may not know are not counted', () => {
    const { guest } = bench();
    const [one, ...others] = [guest(1), guest(2), guest(3), guest(4)] as [Speaker, ...Speaker[]];
    for (const each of others) {
      for (let i = 0; i < 100; i++) each.say('watch', '/local/domain/1', `t${i}`);
      each.events();
    }
    const id = one.begin();
    for (let i = 0; i < 200; i++) one.in(id, 'write', `d/${i % 2}/${i}`, 'new');
    expect(one.in(id, 'end', 'T')).toBe('OK|');
    expect(others.flatMap((each) => each.events())).toEqual([]);
  });

  it('are dropped for all at once, whatever lies between them', () => {
    const { guest, dom0, store, host } = bench();
    const one = guest(1);
    one.say('watch', 'd', 't');
    one.events();
    const bytes = Uint8Array.from('d\0', (c) => c.charCodeAt(0));
    for (let i = 0; i < 10; i++) {
      dom0.say('write', `/local/domain/1/d/${i}`, '');
      store.handle(one.connection, 3, i, 0, bytes, 0, bytes.length);
    }
    host.timeMs = 20_000;
    store.expire();
    expect(eventCount(one.connection.output)).toBe(0);
    expect(one.connection.output.replies.count).toBe(10);
    expect(one.events()).toEqual([]);
    expect(store.check()).toEqual([]);
  });
});
