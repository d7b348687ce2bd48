import { expect, it } from 'vitest';
import { encodePacket } from '../../shared/xenstore/wire.ts';
import { createXenstored } from './service.ts';
import type { Stream, StreamOwner } from './stream.ts';

const XS_READ = 2;

/** A daemon without domains, and sockets of it that speak and note who is answered, in order. */
function daemon() {
  const clock = { nowMs: () => 0, wallMs: () => 0, sleep: async () => {}, after: () => () => {} };
  const served = createXenstored(
    {
      clock,
      xen: undefined,
      soon: (run) => run(),
      report: () => {},
      control: () => ({ ok: true, value: undefined }),
    },
    {},
  );
  const answered: string[] = [];
  const socket = (name: string): StreamOwner => {
    const stream: Stream = {
      read: (into) => {
        const request = encodePacket(XS_READ, 0, 0, '/tool\0');
        into.set(request);
        return request.length;
      },
      write: (_bytes, size) => {
        answered.push(name);
        return size;
      },
      want: () => {},
      close: () => {},
    };
    return served.accept(stream);
  };
  return { served, answered, socket };
}

it('answers a socket that speaks alone at once', () => {
  const { answered, socket } = daemon();
  const a = socket('a');
  a.readable();
  expect(answered).toEqual(['a']);
  a.readable();
  expect(answered).toEqual(['a', 'a']);
});

it('hears all that speak together before it answers any, and answers each once', () => {
  const { served, answered, socket } = daemon();
  const [a, b] = [socket('a'), socket('b')];
  served.together(() => {
    for (const one of [a, b, a]) one.readable();
    expect(answered).toEqual([]);
  });
  expect(answered).toEqual(['a', 'b']);
});
