import { expect, it } from 'vitest';
import { encodePacket, PACKET_MAX, putHeader } from '../../shared/xenstore/wire.ts';
import { createXenstored } from './service.ts';
import type { Stream, StreamOwner } from './stream.ts';

const XS_READ = 2;
const READ = encodePacket(XS_READ, 0, 0, '/tool\0');
/** Of the reply: an empty value. */
const REPLY_BYTES = 16;

/** The other end of a socket. */
interface Peer {
  /** What it sends with each turn. */
  says: Uint8Array;
  /** Bytes for which it has room. */
  room: number;
  got: number;
  open: boolean;
  /** Whether the daemon listens to it. */
  heard: boolean;
  readonly owner: StreamOwner;
}

/** A daemon without domains, and sockets of it that note who is answered, in order. */
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
  const socket = (name: string): Peer => {
    const stream: Stream = {
      read: (into) => {
        into.set(peer.says);
        return peer.says.length;
      },
      write: (_bytes, size) => {
        const count = Math.min(size, peer.room);
        peer.room -= count;
        peer.got += count;
        if (count > 0) answered.push(name);
        return count;
      },
      want: (input) => {
        peer.heard = input;
      },
      close: () => {
        peer.open = false;
      },
    };
    const owner = served.accept(stream);
    const room = Number.POSITIVE_INFINITY;
    const peer: Peer = { says: READ, room, got: 0, open: true, heard: true, owner };
    return peer;
  };
  return { served, answered, socket };
}

it('answers each before it hears the next', () => {
  const { answered, socket } = daemon();
  const [a, b] = [socket('a'), socket('b')];
  a.owner.readable();
  expect(answered).toEqual(['a']);
  b.owner.readable();
  expect(answered).toEqual(['a', 'b']);
  a.owner.readable();
  expect(answered).toEqual(['a', 'b', 'a']);
});

/** So many requests, and then a header that nobody may send. */
function broken(count: number): Uint8Array {
  const bytes = new Uint8Array(count * READ.length + 16);
  for (let i = 0; i < count; i++) bytes.set(READ, i * READ.length);
  putHeader(bytes, count * READ.length, XS_READ, 0, 0, PACKET_MAX);
  return bytes;
}

it.each([0, 1, 3])('answers the %d whole requests before a broken header, then ends', (count) => {
  const { served, socket } = daemon();
  const peer = socket('a');
  peer.says = broken(count);
  peer.owner.readable();
  expect(peer).toMatchObject({ got: count * REPLY_BYTES, open: false });
  expect(served.sockets()).toBe(0);
});

it('gives who has no room the time to read them, and hears nothing more', () => {
  const { served, socket } = daemon();
  const peer = socket('a');
  peer.says = broken(3);
  peer.room = 20;
  peer.owner.readable();
  expect(peer).toMatchObject({ got: 20, open: true, heard: false });
  // It has hung up and is read to its end.
  peer.says = READ;
  peer.owner.readable();
  peer.room = 100;
  peer.owner.writable();
  expect(peer).toMatchObject({ got: 3 * REPLY_BYTES, open: false });
  expect(served.sockets()).toBe(0);
});
