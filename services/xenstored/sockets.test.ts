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
  return { answered, socket };
}

it('answers each before it hears the next', () => {
  const { answered, socket } = daemon();
  const [a, b] = [socket('a'), socket('b')];
  a.readable();
  expect(answered).toEqual(['a']);
  b.readable();
  expect(answered).toEqual(['a', 'b']);
  a.readable();
  expect(answered).toEqual(['a', 'b', 'a']);
});
