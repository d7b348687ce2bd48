import { describe, expect, it } from 'vitest';
import { WIRE_ORDER } from './quota.ts';
import { bench, type Speaker } from './testing.ts';

/**
 * Who says what, and what comes back; a number in front means: in the transaction begun so
 * many-th.
 */
type Row = readonly [who: string, words: string, reply: string];

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

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  'nodes are created with what is missing above them': [
    ['dom0', 'write /a/b/c v', 'OK|'],
    ['dom0', 'read /a/b/c', 'v'],
    ['dom0', 'read /a/b', ''],
    ['dom0', 'ls /a', 'b|'],
    ['dom0', 'ls /a/b/c', ''],
    ['dom0', 'read /a/x', 'ENOENT'],
    ['dom0', 'mkdir /a/b/c', 'OK|'],
    ['dom0', 'read /a/b/c', 'v'],
  ],
  removing: [
    ['dom0', 'write /a/b/c v', 'OK|'],
    ['dom0', 'rm /a/x', 'OK|'],
    ['dom0', 'rm /x/y', 'ENOENT'],
    ['dom0', 'rm /', 'EINVAL'],
    ['dom0', 'rm /a', 'OK|'],
    ['dom0', 'read /a/b/c', 'ENOENT'],
    ['dom0', 'ls /', 'tool|local|'],
  ],
  'malformed requests are EINVAL': [
    ['dom0', 'read', 'EINVAL'],
    ['dom0', 'read /a /b', 'EINVAL'],
    ['dom0', 'read /a//b', 'EINVAL'],
    ['dom0', 'read /a/', 'EINVAL'],
    ['dom0', 'read /local/domain/', 'EINVAL'],
    ['dom0', "read ''", 'EINVAL'],
    ['dom0', 'read @releaseDomain', 'EINVAL'],
    ['dom0', 'setPerms /tool', 'EINVAL'],
    ['dom0', 'setPerms /tool x0', 'EINVAL'],
    ['dom0', 'watch /a', 'EINVAL'],
    ['dom0', 'watch /a t u v', 'EINVAL'],
    ['dom0', 'unwatch /a', 'EINVAL'],
    ['dom0', 'part /tool', 'EINVAL'],
    ['dom0', 'end X', 'EINVAL'],
    ['dom0', 'introduce 1 2', 'EINVAL'],
    ['dom0', 'introduce 1 2 0', 'EINVAL'],
    ['dom0', 'release 0', 'EINVAL'],
    ['dom0', 'control', 'EINVAL'],
    ['dom0', 'control nothing', 'EINVAL'],
  ],
  'relative paths start at home': [
    ['one', 'write data/x v', 'OK|'],
    ['dom0', 'read /local/domain/1/data/x', 'v'],
    ['dom0', 'write name dom0', 'OK|'],
    ['dom0', 'read /local/domain/0/name', 'dom0'],
  ],
  permissions: [
    ['dom0', 'write /p/x v', 'OK|'],
    ['one', 'read /p/x', 'EACCES'],
    ['dom0', 'setPerms /p/x n0 r1', 'OK|'],
    ['dom0', 'getPerms /p/x', 'n0|r1|'],
    ['one', 'read /p/x', 'v'],
    ['one', 'write /p/x w', 'EACCES'],
    ['two', 'read /p/x', 'EACCES'],
    ['dom0', 'setPerms /p/x r0 b1', 'OK|'],
    ['two', 'read /p/x', 'v'],
    ['one', 'write /p/x w', 'OK|'],
    ['one', 'setPerms /p/x b1', 'EACCES'],
    ['dom0', 'setPerms /p/x n0 w1', 'OK|'],
    ['one', 'read /p/x', 'EACCES'],
    ['dom0', 'setPerms /p/x n99', 'ENOENT'],
  ],
  'a guest owns what it creates, and its children inherit': [
    ['dom0', 'setPerms /local/domain/1 n1 r2', 'OK|'],
    ['one', 'write data/x v', 'OK|'],
    ['one', 'getPerms data/x', 'n1|r2|'],
    ['two', 'read /local/domain/1/data/x', 'v'],
    ['one', 'setPerms data/x b1', 'OK|'],
    ['two', 'write /local/domain/1/data/x w', 'OK|'],
    ['two', 'write /local/domain/1/data/x/y w', 'OK|'],
    ['two', 'getPerms /local/domain/1/data/x/y', 'b2|'],
    ['one', 'read data/x/y', 'w'],
  ],
  'what a guest may not see it cannot tell from what is not there': [
    ['dom0', 'write /secret/x v', 'OK|'],
    ['one', 'read /secret/x', 'EACCES'],
    ['one', 'read /secret/y', 'EACCES'],
    ['one', 'read /nothing', 'EACCES'],
    ['one', 'rm /secret/y', 'EACCES'],
    ['one', 'read nothing', 'ENOENT'],
  ],
  'a stub domain has the rights of the domain that it serves': [
    ['two', 'write data/x v', 'OK|'],
    ['one', 'read /local/domain/2/data/x', 'EACCES'],
    ['dom0', 'target 1 2', 'OK|'],
    ['one', 'read /local/domain/2/data/x', 'v'],
    ['two', 'read /local/domain/1', 'EACCES'],
    ['dom0', 'target 1 9', 'ENOENT'],
    ['one', 'target 1 2', 'EACCES'],
  ],
  'privileged operations are refused to guests': [
    ['one', 'control check', 'EACCES'],
    ['one', 'introduce 3 1 1', 'EACCES'],
    ['one', 'release 2', 'EACCES'],
    ['one', 'resume 2', 'EACCES'],
    ['one', 'introduced 2', 'EACCES'],
    ['one', 'setFeature 2 0', 'EACCES'],
    ['one', 'getQuota', 'EACCES'],
    ['one', 'setQuota nodes 5000', 'EACCES'],
    ['one', 'getFeature 2', 'EACCES'],
    ['one', 'getFeature', '14|'],
    ['one', 'path 7', '/local/domain/7|'],
  ],
  'watches fire at once, then for the node and all below it': [
    ['dom0', 'watch /w t', 'OK|'],
    ['dom0', 'events', '/w:t'],
    ['dom0', 'watch /w t', 'EEXIST'],
    ['dom0', 'watch /w u', 'OK|'],
    ['tool', 'write /w/x 1', 'OK|'],
    ['tool', 'write /ww 1', 'OK|'],
    ['tool', 'mkdir /w/x', 'OK|'],
    ['dom0', 'events', '/w:u /w/x:t /w/x:u'],
    ['dom0', 'unwatch /w t', 'OK|'],
    ['dom0', 'unwatch /w t', 'ENOENT'],
    ['tool', 'setPerms /w/x r0', 'OK|'],
    ['dom0', 'events', '/w/x:u'],
    ['dom0', "reset ''", 'OK|'],
    ['tool', 'write /w/x 2', 'OK|'],
    ['dom0', 'events', ''],
  ],
  'removing a tree fires for each node that is watched, and once for the whole': [
    ['dom0', 'write /w/a/b v', 'OK|'],
    ['dom0', 'write /w/c v', 'OK|'],
    ['dom0', 'watch /w/a/b deep', 'OK|'],
    ['dom0', 'watch /w top', 'OK|'],
    ['dom0', 'watch / root', 'OK|'],
    ['dom0', 'events', '/w/a/b:deep /w:top /:root'],
    ['tool', 'rm /w', 'OK|'],
    ['dom0', 'events', '/w/a/b:deep /w:top /w:root'],
  ],
  'a watch with a relative path hears relative paths': [
    ['one', 'watch data t', 'OK|'],
    ['one', 'write data/x v', 'OK|'],
    ['dom0', 'write /local/domain/1/data/y v', 'OK|'],
    ['one', 'events', 'data:t data/x:t data/y:t'],
  ],
  'a watch with a depth hears no deeper': [
    ['dom0', 'watch /w t 1', 'OK|'],
    ['dom0', 'watch /w u 0', 'OK|'],
    ['dom0', 'watch /w v -1', 'EINVAL'],
    ['dom0', 'events', '/w:t /w:u'],
    ['tool', 'write /w/x/y 1', 'OK|'],
    ['dom0', 'events', ''],
    ['tool', 'write /w/x 1', 'OK|'],
    ['dom0', 'events', '/w/x:t'],
    ['tool', 'write /w 1', 'OK|'],
    ['dom0', 'events', '/w:t /w:u'],
  ],
  'transactions are seen only once they are committed': [
    ['dom0', 'write /t/x 0', 'OK|'],
    ['dom0', 'watch /t t', 'OK|'],
    ['dom0', 'events', '/t:t'],
    ['tool', 'begin', ''],
    ['tool', 'in write /t/x 1', 'OK|'],
    ['tool', 'in write /t/y/z 1', 'OK|'],
    ['tool', 'in read /t/x', '1'],
    ['tool', 'in rm /t/y', 'OK|'],
    ['tool', 'in ls /t', 'x|'],
    ['dom0', 'read /t/x', '0'],
    ['dom0', 'events', ''],
    ['tool', 'in end T', 'OK|'],
    ['dom0', 'read /t/x', '1'],
    ['dom0', 'events', '/t/x:t'],
    ['tool', 'in end T', 'ENOENT'],
  ],
  'an aborted transaction leaves nothing': [
    ['tool', 'begin', ''],
    ['tool', 'in write /t/x 1', 'OK|'],
    ['tool', 'in end F', 'OK|'],
    ['tool', 'read /t/x', 'ENOENT'],
  ],
  'a value stays as it was first seen in a transaction': [
    ['dom0', 'write /t/x 0', 'OK|'],
    ['tool', 'begin', ''],
    ['tool', 'in read /t/x', '0'],
    ['dom0', 'write /t/x 1', 'OK|'],
    ['tool', 'in read /t/x', '0'],
    ['tool', 'in end T', 'EAGAIN'],
  ],
  'transaction ids are looked at where they matter': [
    ['tool', 'begin', ''],
    ['tool', "in start ''", 'EBUSY'],
    ['tool', 'in watch /w t', 'OK|'],
    ['dom0', 'in end T', 'ENOENT'],
    ['dom0', 'end T', 'ENOENT'],
    ['tool', "in reset ''", 'OK|'],
    ['tool', 'in end T', 'ENOENT'],
  ],
  'domains are introduced, known, and released with their nodes': [
    ['dom0', 'introduced 3', 'F|'],
    ['dom0', 'introduced 0', 'T|'],
    ['dom0', 'introduced 32752', 'T|'],
    ['dom0', 'watch @introduceDomain in', 'OK|'],
    ['dom0', 'watch @releaseDomain out', 'OK|'],
    ['dom0', 'watch @releaseDomain which 1', 'OK|'],
    ['dom0', 'events', '@introduceDomain:in @releaseDomain:out @releaseDomain:which'],
    ['dom0', 'introduce 3 1 5', 'OK|'],
    ['dom0', 'introduce 3 1 6', 'OK|'],
    ['dom0', 'introduced 3', 'T|'],
    ['dom0', 'events', '@introduceDomain:in'],
    ['one', 'write data/x v', 'OK|'],
    ['dom0', 'release 1', 'OK|'],
    ['dom0', 'events', '@releaseDomain:out @releaseDomain/1:which'],
    ['dom0', 'read /local/domain/1', 'ENOENT'],
    ['dom0', 'release 1', 'ENOENT'],
    ['dom0', 'resume 2', 'OK|'],
    ['dom0', 'resume 9', 'ENOENT'],
  ],
  'special events go to whoever may read them': [
    ['one', 'watch @introduceDomain in', 'OK|'],
    ['one', 'events', '@introduceDomain:in'],
    ['dom0', 'introduce 3 1 5', 'OK|'],
    ['one', 'events', ''],
    ['dom0', 'release 3', 'OK|'],
    ['dom0', 'setPerms @introduceDomain n0 r1', 'OK|'],
    ['dom0', 'introduce 3 1 5', 'OK|'],
    ['one', 'events', '@introduceDomain:in'],
    ['one', 'setPerms @introduceDomain n1', 'EACCES'],
  ],
  'features and quotas can be asked for and set': [
    ['dom0', 'getFeature', '14|'],
    ['dom0', 'getFeature 3', '14|'],
    ['dom0', 'setFeature 3 2', 'OK|'],
    ['dom0', 'getFeature 3', '2|'],
    ['dom0', 'setFeature 3 64', 'EINVAL'],
    ['dom0', 'setFeature 1 2', 'EBUSY'],
    ['dom0', 'setFeature 99 2', 'ENOENT'],
    ['dom0', 'getQuota nodes', '1000|'],
    ['dom0', 'getQuota 1 nodes', '1000|'],
    ['dom0', 'setQuota 1 nodes 7', 'OK|'],
    ['dom0', 'getQuota 1 nodes', '7|'],
    ['dom0', 'getQuota 2 nodes', '1000|'],
    ['dom0', 'setQuota nodes 8', 'OK|'],
    ['dom0', 'getQuota 2 nodes', '8|'],
    ['dom0', 'getQuota', `${WIRE_ORDER.join(' ')}|`],
    ['dom0', 'getQuota other', 'EINVAL'],
  ],
};

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

  it('keeps a value with NULs, and an empty one', () => {
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

  it('gives another generation to a list whose names change', () => {
    const { dom0 } = bench();
    dom0.say('mkdir', '/d/a');
    const before = dom0.say('part', '/d', '0').split('|')[0];
    dom0.say('mkdir', '/d/b');
    expect(dom0.say('part', '/d', '0').split('|')[0]).not.toBe(before);
    expect(dom0.say('part', '/d', '999').slice(-2)).toBe('||');
  });

  it('sends events of a change before its reply, and the first event of a watch after its', () => {
    const { store, dom0 } = bench();
    const { connection } = dom0;
    dom0.say('watch', '/w', 't');
    const order = (type: number, payload: string): number[] => {
      const bytes = Uint8Array.from(payload, (c) => c.charCodeAt(0));
      store.handle(connection, type, 1, 0, bytes, 0, bytes.length);
      const types: number[] = [];
      const all = connection.output.peek().slice();
      const view = new DataView(all.buffer);
      for (let at = 0; at < all.length; at += 16 + view.getUint32(at + 12, true)) {
        types.push(view.getUint32(at, true));
      }
      connection.output.consume(all.length);
      return types;
    };
    expect(order(11, '/w/x\0v')).toEqual([15, 11]);
    expect(order(4, '/w\0u\0')).toEqual([4, 15]);
  });

  it('echoes all 32 bits of both ids', () => {
    const { store, dom0 } = bench();
    const { connection } = dom0;
    store.handle(connection, 2, 0xfffffff1, 0xfffffff2, new Uint8Array([0]), 0, 1);
    const reply = connection.output.peek();
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
