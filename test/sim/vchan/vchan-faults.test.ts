/** Vchans whose other end dies, whose host refuses things, whose events come late or twice. */

import { describe, expect, it } from 'vitest';
import { type Prng, prng } from '../../../shared/core/prng.ts';
import { must } from '../../../shared/core/result.ts';
import type { FallibleOp } from '../../../shared/platform/sim/sim.ts';
import { serveVchans } from '../../../shared/vchan/server.ts';
import type { Vchan } from '../../../shared/vchan/vchan.ts';
import { byteAt } from './ends.ts';
import { createScene, joined, type Scene } from './scene.ts';

async function expectNothingLeft({ sim, leaks }: Scene): Promise<void> {
  await sim.settle();
  expect(leaks()).toEqual([]);
}

/** Writes until it fails, in virtual time. */
async function pour({ sim }: Scene, to: Vchan, seed: number, random: Prng): Promise<void> {
  for (let sent = 0; ; ) {
    await sim.dom0.clock.sleep(random.below(60) / 1000);
    const size = 1 + random.below(900);
    const bytes = Uint8Array.from({ length: size }, (_, i) => byteAt(seed, sent + i));
    if (!(await to.write(bytes)).ok) return;
    sent += size;
  }
}

/** Reads until there is no more; whatever comes is what was written, from the begin on. */
async function drain(from: Vchan, seed: number, random: Prng): Promise<string> {
  for (let got = 0; ; ) {
    const into = new Uint8Array(1 + random.below(900));
    const count = await from.read(into);
    if (!count.ok) return count.error.errno;
    if (count.value === 0) return 'end';
    for (let i = 0; i < count.value; i++) {
      if (into[i] !== byteAt(seed, got + i)) throw new Error(`byte ${got + i} is ${into[i]}`);
    }
    got += count.value;
  }
}

/** What a dead process still has under way fails, and nobody cares. */
const abandoned = (work: Promise<unknown>): void => void work.catch(() => {});

describe.each(['dom0', 'guest'] as const)('%s serves', (serves) => {
  const seeds = Array.from({ length: 25 }, (_, i) => i + 1);

  it.each(seeds)(
    'a client that is killed at any time is a client that has left, seed %d',
    async (seed) => {
      const scene = await createScene(serves, seed);
      const random = prng(seed);
      const dying = scene.process(scene.client);
      const ours = must(await scene.sim.run(scene.serve()));
      const client = scene.join(1000, dying).then((theirs) => {
        if (!theirs.ok) return;
        abandoned(pour(scene, theirs.value, 1, prng(seed + 1)));
        abandoned(drain(theirs.value, 2, prng(seed + 2)));
      });
      abandoned(client);
      const poured = pour(scene, ours, 2, prng(seed + 3));
      const drained = drain(ours, 1, prng(seed + 4));
      await scene.sim.advance(random.below(3000) / 1000);
      dying.kill();
      // One that had not come yet is waited for.
      await scene.sim.settle();
      const hasCome = await Promise.race([ours.joined.then(() => true), Promise.resolve(false)]);
      if (hasCome) {
        expect(await scene.sim.run(drained)).toBe('end');
        await scene.sim.run(poured);
        expect(await scene.sim.run(ours.ended)).toMatchObject({ errno: 'EPIPE' });
      }
      must(await scene.sim.run(ours.withdraw()));
      await scene.sim.run(Promise.all([poured, drained]));
      await expectNothingLeft(scene);
    },
  );

  it.each(seeds)(
    'a server that is killed at any time has left, and another one takes its place, seed %d',
    async (seed) => {
      const scene = await createScene(serves, seed);
      const random = prng(seed);
      const dying = scene.process(scene.server);
      const served = scene.serve({ readMin: 3000 }, dying).then((ours) => {
        if (!ours.ok) return;
        abandoned(pour(scene, ours.value, 2, prng(seed + 1)));
        abandoned(drain(ours.value, 1, prng(seed + 2)));
      });
      abandoned(served);
      const joining = scene.join(60_000);
      await scene.sim.advance(random.below(3000) / 1000);
      dying.kill();
      await scene.sim.advance(100);
      const next = must(await scene.sim.run(scene.serve({ readMin: 3000 })));
      let theirs = must(await scene.sim.run(joining));
      const gone = await Promise.race([theirs.ended, Promise.resolve(undefined)]);
      if (gone !== undefined) {
        expect(gone.errno).toBe('EPIPE');
        expect(await scene.sim.run(drain(theirs, 2, random))).toBe('end');
        theirs.close();
        theirs = must(await scene.sim.run(scene.join()));
      }
      await scene.sim.run(next.joined);
      must(await scene.sim.run(theirs.write(Uint8Array.of(9))));
      expect(must(await scene.sim.run(next.read(new Uint8Array(4))))).toBe(1);
      theirs.close();
      must(await scene.sim.run(next.withdraw()));
      await expectNothingLeft(scene);
    },
  );

  it('events that come late, or twice, change nothing', async () => {
    const scene = await createScene(serves, 77);
    scene.sim.faults.events({ duplicated: 0.3, late: 0.5, lateMs: 3 });
    const { ours, theirs } = await joined(scene);
    const poured = pour(scene, ours, 2, prng(1));
    const drained = drain(theirs, 2, prng(2));
    await scene.sim.advance(50);
    ours.close();
    expect(await scene.sim.run(drained)).toBe('end');
    await scene.sim.run(poured);
    theirs.close();
    scene.sim.faults.clear();
    await expectNothingLeft(scene);
  });

  const serverOps: [FallibleOp, number][] = [
    ['events.allocUnbound', 1],
    ['grants.offer', 1],
    ['grants.offer', 2],
    ['grants.offer', 3],
  ];
  it.each(serverOps)(
    'a server whose %s fails, the time %d, has an error and no more',
    async (op, nth) => {
      const scene = await createScene(serves);
      scene.sim.faults.fail(op, { nth, errno: 'ENOSPC', domid: scene.server.domid });
      const served = await scene.sim.run(scene.serve({ readMin: 9000, writeMin: 9000 }));
      expect(served).toMatchObject({ ok: false, error: { errno: 'ENOSPC' } });
      await expectNothingLeft(scene);
    },
  );

  const clientOps: [FallibleOp, number][] = [
    ['events.bindInterdomain', 1],
    ['grants.map', 1],
    ['grants.map', 2],
    ['grants.map', 3],
  ];
  it.each(clientOps)(
    'a client whose %s fails, the time %d, says why in the end',
    async (op, nth) => {
      const scene = await createScene(serves);
      const ours = must(await scene.sim.run(scene.serve({ readMin: 9000, writeMin: 9000 })));
      const { domid } = scene.client;
      scene.sim.faults.fail(op, { nth, errno: 'ENOSPC', domid });
      const refused = await scene.sim.run(scene.join(300));
      expect(refused).toMatchObject({ ok: false, error: { errno: 'ETIMEDOUT' } });
      expect(JSON.stringify(refused)).toContain(`${op}, as asked for`);
      must(await scene.sim.run(ours.withdraw()));
      await expectNothingLeft(scene);
    },
  );

  it('one client after the other, each with rings of its own', async () => {
    const scene = await createScene(serves);
    const { server, client } = scene;
    const accepted: Vchan[] = [];
    const failures: string[] = [];
    const { domid } = server;
    scene.sim.faults.fail('grants.offer', { times: 2, errno: 'ENOSPC', domid });
    const service = serveVchans(
      {
        ...{ events: server.platform.events, grants: server.platform.grants, path: scene.path },
        ...{ store: server.store, clock: server.platform.clock, client: client.domid },
        ...{ readMin: 0, writeMin: 0 },
      },
      (vchan) => void accepted.push(vchan),
      ({ errno }) => void failures.push(errno),
    );
    for (let round = 0; round < 3; round++) {
      const theirs = must(await scene.sim.run(scene.join(5000)));
      must(await scene.sim.run(theirs.write(Uint8Array.of(round))));
      await scene.sim.advance(10);
      const into = new Uint8Array(100);
      expect(must(await (accepted[round] as Vchan).read(into))).toBe(1);
      expect(into[0]).toBe(round);
      must(await (accepted[round] as Vchan).write(new Uint8Array(50).fill(99)));
      theirs.close();
    }
    for (const vchan of accepted) vchan.close();
    await scene.sim.run(service.close());
    expect(accepted.length).toBe(3);
    expect(failures).toEqual(['ENOSPC', 'ENOSPC']);
    expect(await scene.sim.run(scene.tools.exists(scene.path))).toEqual({ ok: true, value: false });
    await expectNothingLeft(scene);
  });
});

it('a client’s domain that is destroyed says nothing, and is lost by who knows of it', async () => {
  const scene = await createScene('dom0');
  const { ours, theirs } = await joined(scene);
  must(await scene.sim.run(theirs.write(Uint8Array.of(1, 2, 3))));
  must(scene.sim.dom0.domainControl.destroyDomain(scene.client.domid));
  await scene.sim.settle();
  expect(await Promise.race([ours.ended, Promise.resolve('not yet')])).toBe('not yet');
  ours.lose();
  expect(must(await ours.read(new Uint8Array(9)))).toBe(3);
  expect(must(await ours.read(new Uint8Array(9)))).toBe(0);
  expect(await ours.ended).toMatchObject({ errno: 'EPIPE' });
  must(await scene.sim.run(ours.withdraw()));
});

it('a server’s domain that is destroyed is missed by its client: its keys are gone', async () => {
  const scene = await createScene('guest');
  const { ours, theirs } = await joined(scene);
  must(await scene.sim.run(ours.write(Uint8Array.of(1, 2, 3))));
  must(scene.sim.dom0.domainControl.destroyDomain(scene.server.domid));
  must(await scene.sim.run(scene.tools.rm(`/local/domain/${scene.server.domid}`)));
  expect(await scene.sim.run(theirs.ended)).toMatchObject({ errno: 'EPIPE' });
  expect(must(await theirs.read(new Uint8Array(9)))).toBe(3);
  expect(must(await theirs.read(new Uint8Array(9)))).toBe(0);
  theirs.close();
});
