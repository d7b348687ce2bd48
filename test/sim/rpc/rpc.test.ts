/** Calls and streams between a client and a service, on pipes that split, delay and break. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { must } from '../../../shared/core/result.ts';
import { CALLS_MAX, CONNECTIONS_MAX, STREAM_WINDOW } from '../../../shared/rpc/limits.ts';
import { createScene, type Scene } from './scene.ts';

const error = (errno: string, what?: string) => ({
  ok: false,
  error: { errno, what: what === undefined ? expect.any(String) : expect.stringContaining(what) },
});

const seeds = Array.from({ length: 10 }, (_, i) => i + 1);

async function collect(scene: Scene, to: number): Promise<number[]> {
  const items: number[] = [];
  for await (const item of scene.client.stream('count', { to })) items.push(item);
  return items;
}

describe('a call', () => {
  it.each(seeds)('gives what was asked for, seed %d', async (seed) => {
    const { sim, client } = createScene(seed);
    const random = prng(seed);
    const shapes = [
      { kind: 'circle', radius: 7 },
      { kind: 'box', width: 1, height: 2 },
    ] as const;
    const asked = Array.from({ length: 20 }, (_, i) => 'x€'.repeat(random.below(800) + i));
    const replies = await sim.run(
      Promise.all(asked.map((text) => client.call('echo', { text, shapes }))),
    );
    expect(replies.map(must)).toEqual(asked.map((text) => ({ text, again: shapes })));
    expect(must(await sim.run(client.call('add', { amount: 5 })))).toBe(5);
    expect(await sim.run(client.call('add', { amount: 13 }))).toEqual(error('ENOSPC', 'unlucky'));
    expect(must(await sim.run(client.call('wait', { ms: 3 })))).toBeUndefined();
  });

  it.each([
    ['a string for a number', 'add', { amount: '7' }, 'args.amount: a whole number from 0 to 1000'],
    ['a number out of its range', 'add', { amount: 1001 }, 'not 1001'],
    ['half a number', 'add', { amount: 0.5 }, 'not 0.5'],
    ['a field that is missing', 'echo', {}, 'args.text: a string of at most 100000'],
    ['no object', 'echo', [], 'args: an object, not a list of 0'],
    ['a word that is none of them', 'echo', { text: '', colour: 'blue' }, 'one of red, green'],
    ['a kind that is none', 'echo', { text: '', shapes: [{ kind: 'ring' }] }, 'shapes[0].kind'],
    [
      'too long a list',
      'echo',
      { text: '', shapes: Array(101).fill(null) },
      'a list of at most 100',
    ],
  ])('with %s is refused at both ends, and the connection lives', async (_, op, args, why) => {
    const { sim, client } = createScene(1);
    const wrong = client.call as (op: string, args: unknown) => ReturnType<typeof client.call>;
    expect(await sim.run(wrong(op, args))).toEqual(error('EINVAL', why));
    expect(must(await sim.run(client.call('add', { amount: 1 })))).toBe(1);
  });

  it('of an op that is not there', async () => {
    const { sim, client } = createScene(1);
    const wrong = client.call as (op: string, args: unknown) => ReturnType<typeof client.call>;
    for (const op of ['nothing', 'toString', '__proto__']) {
      expect(await sim.run(wrong(op, {}))).toEqual(error('ENOSYS', `shop has no ${op}`));
    }
  });

  it('to a service that does not keep to its contract is told no secrets', async () => {
    const { sim, client, reports } = createScene(1);
    for (const how of ['reply', 'errno'] as const) {
      const failed = await sim.run(client.call('lie', { how }));
      expect(failed).toEqual(error('EIO', 'the service has made a mistake'));
    }
    expect(reports).toEqual([
      'shop.lie: reply: a whole number from 0 to 9, not 77',
      'shop.lie: it fails with EROFS: secret',
    ]);
  });

  it('has its time, and its handler hears when that is up', async () => {
    const { sim, client, state } = createScene(1);
    const slow = client.call('wait', { ms: 10_000 }, { timeoutMs: 500 });
    expect(await sim.run(slow)).toEqual(error('ETIMEDOUT', 'after 0.5 s'));
    await sim.advance(1);
    expect(state.over).toBe(1);
  });

  it('that is cancelled is over, and its handler hears of it', async () => {
    const { sim, client, state } = createScene(1);
    const call = client.start('wait', { ms: 10_000 });
    await sim.advance(5);
    call.cancel();
    call.cancel();
    expect(await sim.run(call.result)).toEqual(error('EINTR'));
    await sim.advance(1);
    expect(state.over).toBe(1);
  });

  it('too many are refused, at either end', async () => {
    const { sim, client } = createScene(1);
    const calls = Array.from({ length: CALLS_MAX + 1 }, () => client.call('wait', { ms: 100 }));
    const results = await sim.run(Promise.all(calls));
    expect(results.filter(({ ok }) => ok).length).toBe(CALLS_MAX);
    expect(results.at(-1)).toEqual(error('EAGAIN', `${CALLS_MAX} calls are under way`));
  });

  it('whose arguments are too large fails alone', async () => {
    const { sim, client } = createScene(1, { capacity: 100_000 });
    const data = new Uint8Array(200_000);
    const text = '€'.repeat(50_000);
    expect(await sim.run(client.call('echo', { text, data }))).toEqual(error('E2BIG'));
    expect(must(await sim.run(client.call('echo', { text: 'a', data })))).toEqual({ text: 'a' });
  });
});

describe('a stream', () => {
  it.each(seeds)('gives its items in their order, seed %d', async (seed) => {
    const scene = createScene(seed);
    expect(await scene.sim.run(collect(scene, 400))).toEqual(
      Array.from({ length: 400 }, (_, i) => i),
    );
  });

  it('runs ahead of its reader by a window and no more', async () => {
    const { sim, client, state } = createScene(1);
    const stream = client.stream('count', { to: 300 });
    await sim.advance(100);
    expect(state.given).toBe(STREAM_WINDOW);
    for (let i = 0; i < 100; i++) {
      expect(await sim.run(stream.next())).toEqual({ done: false, value: i });
    }
    await sim.advance(100);
    expect(state.given).toBeLessThanOrEqual(100 + STREAM_WINDOW);
    await stream.return();
    await sim.advance(1);
    expect(state.over).toBe(1);
    expect(await stream.next()).toMatchObject({ done: true });
  });

  it('says why it ended', async () => {
    const { sim, client } = createScene(1);
    const stream = client.stream('count', { to: 1000 });
    let items = 0;
    await sim.run(
      (async () => {
        for await (const _ of stream) items++;
      })(),
    );
    expect(items).toBe(500);
    expect(stream.failure()).toMatchObject({ errno: 'ENOSPC', what: 'enough' });
  });

  it('ends with its connection', async () => {
    const scene = createScene(1);
    const stream = scene.client.stream('count', { to: 300 });
    await scene.sim.run(stream.next());
    scene.restart();
    await scene.sim.run(
      (async () => {
        for await (const _ of stream);
      })(),
    );
    expect(stream.failure()).toMatchObject({ errno: 'EPIPE' });
    await scene.sim.advance(1);
    expect(scene.state.over).toBe(1);
  });
});

describe('a connection that is lost', () => {
  it.each(seeds)('loses and doubles nothing, seed %d', async (seed) => {
    const scene = createScene(seed);
    const { sim, client, state } = scene;
    const random = prng(seed);
    const names = Array.from({ length: 40 }, (_, i) => `n${i}`);
    const puts = names.map(async (name) => {
      await sim.dom0.clock.sleep(random.below(400));
      return client.call('put', { name });
    });
    const adds = names.map(async () => {
      await sim.dom0.clock.sleep(random.below(400));
      return client.call('add', { amount: 1 });
    });
    for (let deaths = 0; deaths < 6; deaths++) {
      await sim.advance(random.below(100_000) / 1000);
      scene.restart();
    }
    for (const put of await sim.run(Promise.all(puts))) must(put);
    expect(state.names).toEqual(new Set(names));
    const added = await sim.run(Promise.all(adds));
    const done = added.filter(({ ok }) => ok).length;
    // What was lost on its way may have been done, and is told so.
    expect(state.sum).toBeGreaterThanOrEqual(done);
    expect(state.sum).toBeLessThanOrEqual(names.length);
    for (const one of added) {
      if (!one.ok) expect(one).toEqual(error('EPIPE', 'the connection was lost'));
    }
  });

  it('a service that is away is waited for, or not', async () => {
    const patient = createScene(1);
    patient.isAway = true;
    const waiting = patient.client.call('add', { amount: 1 }, { timeoutMs: 3000 });
    await patient.sim.advance(1000);
    patient.isAway = false;
    expect(must(await patient.sim.run(waiting))).toBe(1);
    patient.restart();
    patient.isAway = true;
    await patient.sim.advance(1);
    const late = patient.client.call('add', { amount: 1 }, { timeoutMs: 3000 });
    const words = 'after 3 s, no connection: nobody is there';
    expect(await patient.sim.run(late)).toEqual(error('ETIMEDOUT', words));
    const hasty = createScene(1, { isPatient: false });
    hasty.isAway = true;
    const refused = await hasty.sim.run(hasty.client.call('add', { amount: 1 }));
    expect(refused).toEqual(error('ECONNREFUSED', 'nobody is there'));
  });

  it('by our own end fails what is under way, and what comes after', async () => {
    const { sim, client } = createScene(1);
    const call = client.call('wait', { ms: 1000 });
    await sim.advance(10);
    client.close();
    expect(await sim.run(call)).toEqual(error('ENOTCONN'));
    expect(await client.call('add', { amount: 1 })).toEqual(error('ENOTCONN'));
  });
});

describe('access', () => {
  const domain = { kind: 'domain', domid: 3 } as never;

  it('is refused to who is not on the list, in words', async () => {
    const { sim, client, reports } = createScene(1, { peer: { kind: 'user', uid: 5, gid: 0 } });
    const refused = await sim.run(client.call('add', { amount: 1 }));
    expect(refused).toEqual(error('EACCES', 'user 5 may not use shop'));
    expect(reports).toEqual(['user 5 may not use shop']);
  });

  it('may be for some ops alone', async () => {
    const rules = [{ kind: 'domain', domid: 3, ops: ['echo'] }] as const;
    const { sim, client, state } = createScene(1, { rules, peer: domain });
    expect(must(await sim.run(client.call('echo', { text: 'a' })))).toEqual({ text: 'a' });
    const refused = await sim.run(client.call('add', { amount: 1 }));
    expect(refused).toEqual(error('EACCES', 'domain 3 may not call add'));
    expect(state.sum).toBe(0);
  });

  it('a number of a user is no number of a domain', async () => {
    const rules = [{ kind: 'domain', domid: 0 }] as const;
    const { sim, client } = createScene(1, { rules });
    expect(await sim.run(client.call('add', { amount: 1 }))).toEqual(error('EACCES'));
  });

  it('is for so many connections at a time', async () => {
    const scene = createScene(1);
    for (let i = 0; i < CONNECTIONS_MAX; i++) scene.raw();
    const refused = scene.client.call('add', { amount: 1 }, { timeoutMs: 1000 });
    expect(await scene.sim.run(refused)).toEqual(error('ETIMEDOUT', 'connections already'));
  });
});
