/** What a service does with who breaks the rules: cuts him off with a reason, and nobody else. */

import { describe, expect, it } from 'vitest';
import { must } from '../../../shared/core/result.ts';
import { CALLS_MAX, MESSAGE_MAX, STREAM_WINDOW } from '../../../shared/rpc/limits.ts';
import type { Message } from '../../../shared/rpc/messages.ts';
import { createRawPeer, HELLO, type RawPeer } from './raw-peer.ts';
import { createScene } from './scene.ts';

const call = (id: number, op: string, args: unknown): Message => ({
  ...{ kind: 'call', id, op, args, ms: 1000 },
});
const bye = (errno: string, what: string) => ({
  ...{ kind: 'bye', errno, what: expect.stringContaining(what) },
});

/** Bytes of a message with its length before them. */
const framed = (...bytes: number[]): Uint8Array => Uint8Array.of(bytes.length, 0, 0, 0, ...bytes);

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

interface Row {
  readonly name: string;
  act(peer: RawPeer): void;
  readonly errno: string;
  readonly what: string;
}

const rows: Row[] = [
  {
    name: 'a length beyond all limits',
    act: ({ put }) => put(Uint8Array.of(255, 255, 255, 255)),
    ...{ errno: 'EPROTO', what: `a message of 4294967295 bytes, ${MESSAGE_MAX} at most` },
  },
  {
    name: 'no length',
    act: ({ put }) => put(Uint8Array.of(0, 0, 0, 0)),
    ...{ errno: 'EPROTO', what: 'a message of no bytes' },
  },
  {
    name: 'half a message, and silence',
    act: ({ say, put }) => {
      say(HELLO);
      put(Uint8Array.of(100, 0, 0, 0, 0x91));
    },
    ...{ errno: 'ETIMEDOUT', what: 'half a message after 10 s' },
  },
  { name: 'silence', act: () => {}, errno: 'ETIMEDOUT', what: 'no greeting after 5 s' },
  {
    name: 'half a greeting',
    act: ({ put }) => put(Uint8Array.of(10)),
    ...{ errno: 'ETIMEDOUT', what: 'no greeting' },
  },
  {
    name: 'a call before the greeting',
    act: ({ say }) => say(call(1, 'add', { amount: 1 })),
    ...{ errno: 'EPROTO', what: 'call before the greeting' },
  },
  {
    name: 'two greetings',
    act: ({ say }) => {
      say(HELLO);
      say(HELLO);
    },
    ...{ errno: 'EPROTO', what: 'a second greeting' },
  },
  {
    name: 'another service',
    act: ({ say }) => say({ ...HELLO, service: 'bank' } as Message),
    ...{ errno: 'EPROTO', what: 'speaks bank version 3, messages of version 1, this one shop' },
  },
  {
    name: 'another version of it',
    act: ({ say }) => say({ ...HELLO, version: 4 } as Message),
    ...{ errno: 'EPROTO', what: 'speaks shop version 4' },
  },
  {
    name: 'messages of another version',
    act: ({ say }) => say({ ...HELLO, rpc: 2 } as Message),
    ...{ errno: 'EPROTO', what: 'messages of version 2' },
  },
  {
    name: 'bytes that are no value',
    act: ({ put }) => put(framed(0xc1)),
    ...{ errno: 'EPROTO', what: 'no plain data' },
  },
  {
    name: 'a value that ends too soon',
    act: ({ put }) => put(framed(0x92, 1)),
    ...{ errno: 'EPROTO', what: 'it ends in the middle of a value' },
  },
  {
    name: 'more than a value',
    act: ({ put }) => put(framed(1, 1)),
    ...{ errno: 'EPROTO', what: 'there is more behind its value' },
  },
  {
    name: 'a list that says it has 2^32 - 1 elements',
    act: ({ put }) => put(framed(0xdd, 255, 255, 255, 255, 1)),
    ...{ errno: 'EPROTO', what: 'it ends in the middle of a value' },
  },
  {
    name: 'a record, which msgpackr would compile a reader for',
    act: ({ put }) => put(framed(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1)),
    ...{ errno: 'EPROTO', what: 'no plain data' },
  },
  {
    name: 'a map whose keys are no strings',
    act: ({ put }) => put(framed(0x81, 1, 1)),
    ...{ errno: 'EPROTO', what: 'a key is no string' },
  },
  {
    name: 'a value that is nested too deep',
    act: ({ value }) => value(nested(17)),
    ...{ errno: 'EPROTO', what: 'it is nested more than 16 deep' },
  },
  {
    name: 'too many values',
    act: ({ value }) => value(new Array(60_000).fill(null)),
    ...{ errno: 'EPROTO', what: 'it has more than 50000 values' },
  },
  {
    name: 'a message that is no list',
    act: ({ value }) => value({ kind: 'hello' }),
    ...{ errno: 'EPROTO', what: 'a message that is no list' },
  },
  {
    name: 'a message of no kind',
    act: ({ value }) => value([99]),
    ...{ errno: 'EPROTO', what: 'of a kind that nobody knows' },
  },
  {
    name: 'a message with too few elements',
    act: ({ value }) => value([1, 7]),
    ...{ errno: 'EPROTO', what: 'call: 2 elements' },
  },
  {
    name: 'a number that is none',
    act: ({ value }) => value([1, 'x', 'add', {}, 5]),
    ...{ errno: 'EPROTO', what: 'call.id: a whole number' },
  },
  {
    name: 'two calls with one number',
    act: ({ say }) => {
      say(HELLO);
      say(call(5, 'wait', { ms: 500 }));
      say(call(5, 'wait', { ms: 500 }));
    },
    ...{ errno: 'EPROTO', what: 'two calls have the number 5' },
  },
  {
    name: 'more items than a window',
    act: ({ say }) => {
      say(HELLO);
      say(call(5, 'wait', { ms: 500 }));
      say({ kind: 'more', id: 5, count: STREAM_WINDOW });
    },
    ...{ errno: 'EPROTO', what: 'too many items asked for' },
  },
  {
    name: 'a reply from a client',
    act: ({ say }) => {
      say(HELLO);
      say({ kind: 'reply', id: 1, value: 1 });
    },
    ...{ errno: 'EPROTO', what: 'reply from a client' },
  },
];

it.each(rows)('$name', async ({ act, errno, what }) => {
  const scene = createScene(1);
  const peer = createRawPeer(scene.raw().client);
  act(peer);
  await scene.sim.advance(60_000);
  expect(peer.heard.slice(-2)).toEqual([bye(errno, what), 'closed']);
  expect(must(await scene.sim.run(scene.client.call('add', { amount: 2 })))).toBe(2);
});

describe('a connection lives on after', () => {
  it.each([
    ['an op that is not there', 'nothing', {}, 'ENOSYS', 'shop has no nothing'],
    ['an op of the language', '__proto__', {}, 'ENOSYS', 'shop has no __proto__'],
    ['arguments of another type', 'add', { amount: 'a' }, 'EINVAL', 'add: args.amount: a whole'],
    ['no arguments', 'add', null, 'EINVAL', 'add: args: an object, not null'],
    ['arguments that are too long', 'put', { name: 'x'.repeat(21) }, 'EINVAL', 'at most 20'],
  ])('%s', async (_, op, args, errno, what) => {
    const scene = createScene(1);
    const peer = createRawPeer(scene.raw().client);
    peer.say(HELLO);
    peer.say(call(1, op, args));
    peer.say(call(2, 'add', { amount: 3, unknown: [1] }));
    await scene.sim.advance(10);
    expect(peer.heard).toEqual([
      HELLO,
      { kind: 'failed', id: 1, errno, what: expect.stringContaining(what) },
      { kind: 'reply', id: 2, value: 3 },
    ]);
  });

  it('too many calls at a time', async () => {
    const scene = createScene(1);
    const peer = createRawPeer(scene.raw().client);
    peer.say(HELLO);
    for (let id = 1; id <= CALLS_MAX + 1; id++) peer.say(call(id, 'wait', { ms: 900 }));
    await scene.sim.advance(500);
    expect(peer.heard.slice(1)).toMatchObject([{ kind: 'failed', id: 65, errno: 'EAGAIN' }]);
    await scene.sim.advance(500);
    expect(peer.heard.length).toBe(2 + CALLS_MAX);
  });

  it('a cancel, a wish for more and the like for what there is not', async () => {
    const scene = createScene(1);
    const peer = createRawPeer(scene.raw().client);
    peer.say(HELLO);
    peer.say({ kind: 'cancel', id: 9 });
    peer.say({ kind: 'more', id: 9, count: 1 });
    peer.say(call(2, 'add', { amount: 3 }));
    await scene.sim.advance(10);
    expect(peer.heard.at(-1)).toEqual({ kind: 'reply', id: 2, value: 3 });
  });
});

it('who asks much and reads nothing is read no further, and cut off', async () => {
  const scene = createScene(1, { capacity: 5000 });
  const pair = scene.raw();
  const peer = createRawPeer(pair.client, false);
  peer.say(HELLO);
  const text = 'x'.repeat(90_000);
  for (let id = 1; id <= 200; id++) peer.say(call(id, 'echo', { text }));
  await scene.sim.advance(9000);
  expect(pair.unread()).toBe(10_000);
  await scene.sim.advance(3000);
  const written = await scene.sim.run(pair.client.write(new Uint8Array(1)));
  expect(written).toMatchObject({ ok: false, error: { errno: 'EPIPE' } });
  expect(must(await scene.sim.run(scene.client.call('add', { amount: 2 })))).toBe(2);
});
