/** The session against stores that come, go, and stand still. */

import { expect, it } from 'vitest';
import { XS_ERROR, XS_READ, XS_UNWATCH, XS_WATCH, XS_WATCH_EVENT } from '../abi/xs-wire.ts';
import type { Failure, Result } from '../core/result.ts';
import { fail, ok } from '../core/result.ts';
import { fromLatin1 } from '../core/text.ts';
import type { Clock } from '../platform/clock.ts';
import type { XenstoreTransport } from '../platform/xenstore.ts';
import { openXenstoreSession } from './session.ts';
import { createDecoder, encodePacket } from './wire.ts';

const DEADLINE_MS = 5000;

/** Lets all promises settle. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await undefined;
};

function createClock() {
  let now = 0;
  const timers = new Map<() => void, number>();
  const after: Clock['after'] = (ms, then) => {
    const call = (): void => then();
    timers.set(call, now + ms);
    return () => void timers.delete(call);
  };
  return {
    clock: {
      nowMs: () => now,
      wallMs: () => now,
      after,
      sleep: (ms: number) => new Promise<void>((resolve) => after(ms, resolve)),
    } satisfies Clock,
    timers,
    /** Time goes on, timer by timer. */
    pass: async (ms: number): Promise<void> => {
      const end = now + ms;
      for (;;) {
        await settle();
        const [next] = [...timers].sort((a, b) => a[1] - b[1]);
        if (next === undefined || next[1] > end) break;
        now = next[1];
        timers.delete(next[0]);
        next[0]();
      }
      now = end;
    },
  };
}

interface Asked {
  readonly type: number;
  readonly reqId: number;
  readonly text: string;
}

type Answer = readonly [number, string] | undefined;

/** A store that can be there or not, and answers each request as it is told to. */
function createWorld(isThere = true) {
  const { clock, pass, timers } = createClock();
  const asked: Asked[] = [];
  const world = {
    clock,
    pass,
    timers,
    asked,
    isThere,
    answer: ({ type }: Asked): Answer => [type, type === XS_READ ? 'value' : 'OK\0'],
    connections: 0,
    reply: (_type: number, _reqId: number, _text: string): void => {},
    cut: (): void => {},
  };
  const connect = async (): Promise<Result<XenstoreTransport>> => {
    if (!world.isThere) return fail('ECONNREFUSED', 'nobody listens');
    world.connections++;
    let onData: (bytes: Uint8Array) => void = () => {};
    let onClose: (reason?: Failure) => void = () => {};
    world.reply = (type, reqId, text) => onData(encodePacket(type, reqId, 0, text));
    world.cut = () => onClose();
    const decoder = createDecoder((type, reqId, _tx, bytes, start, end) => {
      const request = { type, reqId, text: fromLatin1(bytes.slice(start, end)) };
      asked.push(request);
      const answer = world.answer(request);
      if (answer !== undefined) {
        void Promise.resolve().then(() => onData(encodePacket(answer[0], reqId, 0, answer[1])));
      }
    });
    return ok({
      write: (bytes) => void decoder.push(bytes),
      receive: (data, close) => {
        onData = data;
        onClose = close;
      },
      close: () => {},
    });
  };
  return { world, session: openXenstoreSession({ connect, clock, deadlineMs: DEADLINE_MS }) };
}

/** What came of it, once it has. */
function outcome<T>(promise: Promise<T>): { value: T | undefined } {
  const seen: { value: T | undefined } = { value: undefined };
  void promise.then((value) => {
    seen.value = value;
  });
  return seen;
}

const timedOut = (what: string) => ({
  ok: false,
  error: { errno: 'ETIMEDOUT', what: expect.stringContaining(what) },
});

it('waits for a store that is not there yet', async () => {
  const { world, session } = createWorld(false);
  const value = outcome(session.readString('/a'));
  await world.pass(1000);
  expect(value.value).toBeUndefined();
  world.isThere = true;
  await world.pass(2000);
  expect(value.value).toEqual(ok('value'));
});

it('says why there is no connection when time is up', async () => {
  const { world, session } = createWorld(false);
  const value = outcome(session.readString('/a'));
  await world.pass(DEADLINE_MS);
  expect(value.value).toEqual(timedOut('nobody listens'));
});

it('asks the next connection what the last one took with it', async () => {
  const { world, session } = createWorld();
  world.answer = () => undefined;
  const value = outcome(session.readString('/a'));
  await settle();
  expect(world.asked).toHaveLength(1);
  world.answer = ({ type }) => [type, 'later'];
  world.cut();
  await world.pass(100);
  expect(value.value).toEqual(ok('later'));
  expect(world.connections).toBe(2);
});

it('is not hung by a store that stands still, nor misled by its late reply', async () => {
  const { world, session } = createWorld();
  world.answer = () => undefined;
  const value = outcome(session.readString('/a'));
  await world.pass(DEADLINE_MS);
  expect(value.value).toEqual(timedOut('read /a: no answer'));
  world.answer = ({ type }) => [type, 'second'];
  const [late] = world.asked;
  world.reply(XS_READ, late?.reqId ?? 0, 'first');
  expect(await session.readString('/b')).toEqual(ok('second'));
  expect(world.connections).toBe(1);
});

it('does not send what nobody waits for any more', async () => {
  const { world, session } = createWorld();
  world.answer = () => undefined;
  const all = Array.from({ length: 300 }, (_, i) => outcome(session.readString(`/${i}`)));
  await world.pass(DEADLINE_MS);
  expect(all.every(({ value }) => value?.ok === false)).toBe(true);
  const [first] = world.asked;
  const before = world.asked.length;
  world.reply(XS_READ, first?.reqId ?? 0, '');
  await settle();
  expect(world.asked).toHaveLength(before);
  expect(world.timers.size).toBe(0);
});

it('watches over all connections, with an event for each', async () => {
  const { world, session } = createWorld();
  world.answer = ({ type, text }) => {
    if (type === XS_WATCH) world.reply(XS_WATCH_EVENT, 0, text);
    return [type, 'OK\0'];
  };
  const watch = session.watch('/a');
  expect(await watch.next()).toEqual({ done: false, value: '/a' });
  const token = world.asked[0]?.text.split('\0')[1];
  world.reply(XS_WATCH_EVENT, 0, `/a/b\0${token}\0`);
  expect(await watch.next()).toEqual({ done: false, value: '/a/b' });
  const next = outcome(watch.next());
  world.cut();
  await world.pass(100);
  expect(next.value).toEqual({ done: false, value: '/a' });
  await watch.return();
  expect(world.asked.at(-1)?.type).toBe(XS_UNWATCH);
  expect(watch.failure()).toBeUndefined();
});

it('ends a watch that the store refuses', async () => {
  const { world, session } = createWorld();
  world.answer = () => [XS_ERROR, 'E2BIG\0'];
  const watch = session.watch('/a');
  expect((await watch.next()).done).toBe(true);
  expect(watch.failure()?.errno).toBe('E2BIG');
});

it('registers a watch with a store that stood still', async () => {
  const { world, session } = createWorld();
  world.answer = () => undefined;
  const watch = session.watch('/a');
  const next = outcome(watch.next());
  await world.pass(DEADLINE_MS / 2);
  world.answer = ({ type, text }) => {
    world.reply(XS_WATCH_EVENT, 0, text);
    return [type, 'OK\0'];
  };
  await world.pass(DEADLINE_MS);
  expect(next.value).toEqual({ done: false, value: '/a' });
});

it.each([
  ['a value that is there', 'ready', 0, ok('ready')],
  ['no node', undefined, 0, ok(undefined)],
  ['a value that comes', 'ready', 2, ok('ready')],
  ['a value that never comes', 'ready', 99, timedOut('/a: not what is waited for after 3 s')],
])('waits for %s', async (_, wanted, changes, want) => {
  const { world, session } = createWorld();
  let [left, token] = [changes, ''];
  const say = (): void => world.reply(XS_WATCH_EVENT, 0, `/a\0${token}\0`);
  world.answer = ({ type, text }) => {
    if (type === XS_WATCH) {
      token = text.split('\0')[1] as string;
      say();
      return [type, 'OK\0'];
    }
    if (type !== XS_READ) return [type, 'OK\0'];
    if (left-- > 0) {
      world.clock.after(50, say);
      return [type, 'busy'];
    }
    return wanted === undefined ? [XS_ERROR, 'ENOENT\0'] : [type, wanted];
  };
  const value = outcome(session.waitFor('/a', (value) => value === wanted, 3000));
  await world.pass(3000);
  expect(value.value).toEqual(want);
});

it('waits over a restart and a stand-still of the store', async () => {
  const { world, session } = createWorld();
  world.answer = ({ type, text }) => {
    if (type !== XS_WATCH) return undefined;
    world.reply(XS_WATCH_EVENT, 0, text);
    return [type, 'OK\0'];
  };
  const value = outcome(session.waitFor('/a', (value) => value === 'value', 60_000));
  await world.pass(DEADLINE_MS * 2);
  world.isThere = false;
  world.cut();
  await world.pass(DEADLINE_MS);
  world.answer = ({ type, text }) => {
    if (type === XS_WATCH) world.reply(XS_WATCH_EVENT, 0, text);
    return [type, type === XS_READ ? 'value' : 'OK\0'];
  };
  world.isThere = true;
  await world.pass(10_000);
  expect(value.value).toEqual(ok('value'));
});

it('ends with everything that waits', async () => {
  const { world, session } = createWorld();
  world.answer = () => undefined;
  const value = outcome(session.readString('/a'));
  const watch = session.watch('/b');
  const next = outcome(watch.next());
  await settle();
  session.close();
  await settle();
  expect(value.value).toMatchObject({ ok: false, error: { errno: 'ENOTCONN' } });
  expect(next.value?.done).toBe(true);
  expect(await session.exists('/a')).toMatchObject({ ok: false, error: { errno: 'ENOTCONN' } });
  await world.pass(10_000);
  expect(world.connections).toBe(1);
  expect(world.timers.size).toBe(0);
});
