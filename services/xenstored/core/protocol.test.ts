/** The protocol as seen by tools and guests: tables of requests, and what no table shows. */

import { describe, expect, it } from 'vitest';
import { consumeOutput } from './output.ts';
import { type Row, TABLES } from './protocol.rows.ts';
import { bench, type Speaker } from './testing.ts';
import { peekOutput } from './unread.ts';

/** Plays rows against a store with two tools and the guests 1 and 2, and checks it after each. */
function play(rows: readonly Row[]): void {
  const { store, dom0, tool, guest } = bench();
  const people: Record<string, Speaker> = { dom0, tool: tool(), one: guest(1), two: guest(2) };
  const begun: Record<string, number> = {};
  for (const [who, text, reply] of rows) {
    const speaker = people[who] as Speaker;
    const [op = '', ...words] = text.split(' ').map((word) => (word === "''" ? '' : word));
    if (op === 'begin') begun[who] = speaker.begin();
    else if (op === 'in') {
      const [inner = '', ...rest] = words;
      expect([text, speaker.in(begun[who] ?? 0, inner, ...rest)]).toEqual([text, reply]);
    } else if (op === 'events') expect([text, speaker.events().join(' ')]).toEqual([text, reply]);
    else expect([text, speaker.say(op, ...words)]).toEqual([text, reply]);
    expect(store.check()).toEqual([]);
  }
}

describe('the protocol', () => {
  it.each(Object.entries(TABLES))('%s', (_what, rows) => play(rows));

  it.each([15, 16, 20, 27, 100, 0xffff, 0xffffffff])('answers ENOSYS to type %d', (type) => {
    const { dom0 } = bench();
    expect(dom0.raw(type, 0, '')).toBe('ENOSYS');
  });

  it('hides the operations of Xen 4.22 where no feature is offered', () => {
    const { dom0 } = bench({ features: 0 });
    for (const type of [23, 24, 25, 26]) expect(dom0.raw(type, 0, '')).toBe('ENOSYS');
    expect(dom0.say('watch', '/w', 't', '1')).toBe('EINVAL');
  });

  it('trap 5: keeps a value with NULs, and an empty one', () => {
    const { dom0 } = bench();
    dom0.say('write', '/x', 'a\0b\0');
    expect(dom0.say('read', '/x')).toBe('a|b|');
    dom0.say('write', '/x', '');
    expect(dom0.say('read', '/x')).toBe('');
  });

  it('answers E2BIG to a list that fits no packet, and gives it in parts', () => {
    const { dom0 } = bench();
    const names = Array.from({ length: 500 }, (_, i) => `child-number-${i}`);
    for (const name of names) dom0.say('mkdir', `/d/${name}`);
    expect(dom0.say('ls', '/d')).toBe('E2BIG');
    const found: string[] = [];
    for (let offset = 0; ; ) {
      const [, ...part] = dom0.say('part', '/d', String(offset)).slice(0, -1).split('|');
      const last = part.at(-1) === '';
      found.push(...part.filter(Boolean));
      offset += part.filter(Boolean).join('|').length + 1;
      if (last) break;
    }
    expect(found.toSorted()).toEqual(names.toSorted());
  });

  it('trap 16: gives another generation to a list whose names change', () => {
    const { dom0 } = bench();
    dom0.say('mkdir', '/d/a');
    const before = dom0.say('part', '/d', '0').split('|')[0];
    dom0.say('mkdir', '/d/b');
    expect(dom0.say('part', '/d', '0').split('|')[0]).not.toBe(before);
    expect(dom0.say('part', '/d', '999').slice(-2)).toBe('||');
  });

  it('trap 4: sends the events of a change before its reply, a watch’s first after it', () => {
    const { store, dom0 } = bench();
    const { connection } = dom0;
    dom0.say('watch', '/w', 't');
    const order = (type: number, payload: string): number[] => {
      const bytes = Uint8Array.from(payload, (c) => c.charCodeAt(0));
      store.handle(connection, type, 1, 0, bytes, 0, bytes.length);
      const types: number[] = [];
      const all = peekOutput(connection.output).slice();
      const view = new DataView(all.buffer);
      for (let at = 0; at < all.length; at += 16 + view.getUint32(at + 12, true)) {
        types.push(view.getUint32(at, true));
      }
      consumeOutput(connection.output, all.length);
      return types;
    };
    expect(order(11, '/w/x\0v')).toEqual([15, 11]);
    expect(order(4, '/w\0u\0')).toEqual([4, 15]);
  });

  it('trap 13: echoes all 32 bits of both ids', () => {
    const { store, dom0 } = bench();
    const { connection } = dom0;
    store.handle(connection, 2, 0xfffffff1, 0xfffffff2, new Uint8Array([0]), 0, 1);
    const reply = peekOutput(connection.output);
    const view = new DataView(reply.buffer, reply.byteOffset);
    expect([view.getUint32(4, true), view.getUint32(8, true)]).toEqual([0xfffffff1, 0xfffffff2]);
  });
});

describe('control', () => {
  it('shows quotas and accounts, and sets quotas', () => {
    const { dom0, guest } = bench();
    const one = guest(1);
    one.say('write', 'data/x', 'v');
    one.say('watch', 'data', 't');
    expect(dom0.say('control', 'quota', '1')).toMatch(
      /^Domain 1:\nnodes +: +3\nwatches +: +1\ntransactions +: +0\noutstanding +: +0\nmemory/,
    );
    expect(dom0.say('control', 'quota', '77')).toBe('ENOENT');
    expect(dom0.say('control', 'quota', 'set', 'nodes', '5')).toBe('OK|');
    expect(dom0.say('control', 'quota', 'set', 'nodes', '0')).toBe('EINVAL');
    expect(dom0.say('control', 'quota', 'set', 'other', '5')).toBe('EINVAL');
    expect(dom0.say('control', 'quota')).toContain('nodes            :        5 ');
    expect(dom0.say('control', 'quota-soft', 'set', 'memory', '99')).toBe('OK|');
    expect(dom0.say('control', 'quota-soft')).toContain('memory           :       99 ');
  });

  it('hands what is not the store’s to the host', () => {
    const { dom0, host } = bench();
    dom0.say('control', 'log', 'on');
    dom0.say('control', 'log', 'off');
    dom0.say('control', 'logfile', '/x');
    dom0.say('control', 'memreport');
    dom0.say('control', 'print', 'hello');
    expect(dom0.say('control', 'log', 'maybe')).toBe('EINVAL');
    expect(host.commands).toEqual([
      { what: 'log', on: true },
      { what: 'log', on: false },
      { what: 'logfile', path: '/x' },
      { what: 'memreport', path: undefined },
      { what: 'print', text: 'hello' },
    ]);
  });

  it('lists its commands, and says that live update is not there', () => {
    const { dom0 } = bench();
    const help = dom0.say('control', 'help');
    for (const name of ['check', 'log', 'logfile', 'memreport', 'print', 'quota', 'quota-soft']) {
      expect(help).toContain(`${name}\t`);
    }
    expect(dom0.say('control', 'live-update', '-s')).toContain('cannot be updated');
  });
});
