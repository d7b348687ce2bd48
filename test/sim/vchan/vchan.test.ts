/** Vchans between two domains of a simulated host, found through a xenstored of ours. */

import { describe, expect, it } from 'vitest';
import { gref } from '../../../shared/core/ids.ts';
import { type Prng, prng } from '../../../shared/core/prng.ts';
import { must, type Result } from '../../../shared/core/result.ts';
import type { Vchan } from '../../../shared/vchan/vchan.ts';
import { byteAt } from './ends.ts';
import { createScene, joined, type Scene } from './scene.ts';

const error = (errno: string) => ({ ok: false, error: { errno } });

async function sendAll(to: Vchan, seed: number, total: number, random: Prng): Promise<void> {
  for (let sent = 0; sent < total; ) {
    const size = Math.min(total - sent, 1 + random.below(random.chance(0.2) ? 9000 : 300));
    must(await to.write(Uint8Array.from({ length: size }, (_, i) => byteAt(seed, sent + i))));
    sent += size;
  }
}

async function expectAll(from: Vchan, seed: number, total: number, random: Prng): Promise<void> {
  for (let got = 0; got < total; ) {
    const into = new Uint8Array(1 + random.below(random.chance(0.2) ? 9000 : 300));
    const count = must(await from.read(into));
    expect(count).toBeGreaterThan(0);
    for (let i = 0; i < count; i++) {
      if (into[i] !== byteAt(seed, got + i)) throw new Error(`byte ${got + i} is ${into[i]}`);
    }
    got += count;
  }
}

async function expectNothingLeft({ sim, leaks }: Scene): Promise<void> {
  await sim.settle();
  expect(leaks()).toEqual([]);
}

describe.each(['dom0', 'guest'] as const)('%s serves', (serves) => {
  it.each([
    [0, 0],
    [2048, 1024],
    [2000, 2000],
    [5000, 70_000],
    [1 << 20, 1 << 20],
  ])('both streams, with %d and %d bytes of room', async (readMin, writeMin) => {
    const scene = await createScene(serves, readMin + 1);
    const { ours, theirs } = await joined(scene, { readMin, writeMin });
    expect([ours.readBytes, ours.writeBytes]).toEqual([theirs.writeBytes, theirs.readBytes]);
    const random = prng(readMin + 7);
    const total = Math.min(300_000, 20 * ours.readBytes);
    await scene.sim.run(
      Promise.all([
        ...[sendAll(ours, 1, total, random), expectAll(theirs, 1, total, random)],
        ...[sendAll(theirs, 2, total, random), expectAll(ours, 2, total, random)],
      ]),
    );
    theirs.close();
    expect(await scene.sim.run(ours.ended)).toMatchObject({ errno: 'EPIPE' });
    must(await scene.sim.run(ours.withdraw()));
    await expectNothingLeft(scene);
  });

  it('packets come whole, and wait for their room', async () => {
    const scene = await createScene(serves);
    const { ours, theirs } = await joined(scene);
    must(await scene.sim.run(theirs.send(new Uint8Array(1000).fill(1))));
    let isSent = false;
    const second = theirs.send(new Uint8Array(500).fill(2)).then((result) => {
      isSent = true;
      return result;
    });
    await scene.sim.settle();
    expect(isSent).toBe(false);
    const packet = new Uint8Array(1000);
    expect(must(await scene.sim.run(ours.recv(packet)))).toBe(true);
    expect(packet.every((byte) => byte === 1)).toBe(true);
    must(await scene.sim.run(second));
    expect(await ours.send(new Uint8Array(2049))).toMatchObject(error('E2BIG'));
    expect(await ours.recv(new Uint8Array(1025))).toMatchObject(error('E2BIG'));
    const waiting = ours.recv(new Uint8Array(501));
    await scene.sim.settle();
    theirs.close();
    expect(must(await scene.sim.run(waiting))).toBe(false);
    expect(must(await ours.read(new Uint8Array(600)))).toBe(500);
    expect(must(await ours.read(new Uint8Array(600)))).toBe(0);
    expect(await ours.write(packet)).toMatchObject(error('EPIPE'));
    ours.close();
  });

  it('the keys are those of libxenvchan, for the client and nobody else', async () => {
    const scene = await createScene(serves);
    const stranger = await scene.addGuest();
    const client = stranger.client();
    const ours = must(await scene.sim.run(scene.serve()));
    for (const name of ['ring-ref', 'event-channel']) {
      const node = `${scene.path}/${name}`;
      expect(must(await scene.sim.run(scene.tools.readString(node)))).toMatch(/^[1-9]\d*$/);
      expect(must(await scene.sim.run(scene.tools.getPerms(node)))).toEqual([
        { domid: scene.server.domid, access: 'n' },
        { domid: scene.client.domid, access: 'r' },
      ]);
      expect(await scene.sim.run(client.readString(node))).toMatchObject(error('EACCES'));
    }
    must(await scene.sim.run(ours.withdraw()));
    expect(await scene.sim.run(scene.tools.exists(scene.path))).toEqual({ ok: true, value: false });
  });

  it('a client that comes first waits for its server', async () => {
    const scene = await createScene(serves);
    const waiting = scene.join(60_000);
    await scene.sim.advance(5000);
    const ours = must(await scene.sim.run(scene.serve()));
    const theirs = must(await scene.sim.run(waiting));
    must(await scene.sim.run(ours.write(Uint8Array.of(5))));
    expect(must(await scene.sim.run(theirs.read(new Uint8Array(9))))).toBe(1);
  });

  it('a server that never comes is told of in time', async () => {
    const scene = await createScene(serves);
    const refused = await scene.sim.run(scene.join(700));
    expect(refused).toMatchObject(error('ETIMEDOUT'));
    expect(JSON.stringify(refused)).toContain('no vchan after 0.7 s: there are no keys');
  });

  it('a server that was killed leaves keys that nobody can join', async () => {
    const scene = await createScene(serves);
    const dying = scene.process(scene.server);
    must(await scene.sim.run(scene.serve({}, dying)));
    dying.kill();
    expect(await scene.sim.run(scene.join(500))).toMatchObject(error('ETIMEDOUT'));
    const waiting = scene.join(10_000);
    await scene.sim.advance(100);
    const ours = must(await scene.sim.run(scene.serve()));
    const theirs = must(await scene.sim.run(waiting));
    theirs.close();
    must(await scene.sim.run(ours.withdraw()));
    await expectNothingLeft(scene);
  });

  it('a server that leaves late does not take the next one’s keys', async () => {
    const scene = await createScene(serves);
    const first = must(await scene.sim.run(scene.serve()));
    const second = must(await scene.sim.run(scene.serve()));
    must(await scene.sim.run(first.withdraw()));
    const theirs = must(await scene.sim.run(scene.join()));
    must(await scene.sim.run(second.write(Uint8Array.of(8))));
    expect(must(await scene.sim.run(theirs.read(new Uint8Array(9))))).toBe(1);
  });

  it('a second client finds nothing to join while the first is there', async () => {
    const scene = await createScene(serves);
    const { ours, theirs } = await joined(scene);
    expect(await scene.sim.run(scene.join(500))).toMatchObject(error('ETIMEDOUT'));
    must(await scene.sim.run(ours.write(Uint8Array.of(8))));
    expect(must(await scene.sim.run(theirs.read(new Uint8Array(9))))).toBe(1);
  });

  it('a client hears of another server in the place of its own', async () => {
    const scene = await createScene(serves);
    const { theirs } = await joined(scene);
    const reading = theirs.read(new Uint8Array(9));
    must(await scene.sim.run(scene.serve()));
    expect(must(await scene.sim.run(reading))).toBe(0);
    expect(await scene.sim.run(theirs.ended)).toMatchObject({ errno: 'EPIPE' });
  });

  it('XSA-86: an end whose indices are impossible is closed with a reason', async () => {
    for (const word of [0, 1, 2, 3]) {
      const scene = await createScene(serves, 30 + word);
      const { ours, theirs } = await joined(scene);
      const { grants } = scene.client.platform;
      const ref = must(await scene.sim.run(scene.tools.readString(`${scene.path}/ring-ref`)));
      const page = must(grants.map(scene.server.domid, [gref(Number(ref))], 'rw'));
      page.words[word] = 0x40000000;
      grants.unmap(page);
      // The words of each index are read by one end; the other one goes on in its own.
      const isOurs = word === 1 || word === 2;
      const [end, why] = isOurs ? [ours, 'the client in'] : [theirs, 'the server in'];
      const bytes = new Uint8Array(8);
      const failed = await scene.sim.run<Result<unknown>>(
        word % 2 === 1 ? end.read(bytes) : end.write(bytes),
      );
      expect(failed).toMatchObject(error('EPROTO'));
      expect(JSON.stringify(failed)).toContain(why);
      expect(await scene.sim.run(end.ended)).toMatchObject({ errno: 'EPROTO' });
      expect(await end.read(new Uint8Array(8))).toMatchObject(error('EPROTO'));
      theirs.close();
      ours.close();
      await expectNothingLeft(scene);
    }
  });

  it('a page with rings that cannot be is refused at once', async () => {
    const scene = await createScene(serves);
    must(await scene.sim.run(scene.serve()));
    const ref = must(await scene.sim.run(scene.tools.readString(`${scene.path}/ring-ref`)));
    const { grants } = scene.client.platform;
    const page = must(grants.map(scene.server.domid, [gref(Number(ref))], 'rw'));
    page.words[4] = 21 | (12 << 16);
    grants.unmap(page);
    const refused = await scene.sim.run(scene.join());
    expect(refused).toMatchObject(error('EPROTO'));
    expect(JSON.stringify(refused)).toContain('a ring of order 21');
  });

  it.each(['', '0', '-1', '4294967296', '7x', '00000000012'])(
    'a key that is %j is no number',
    async (text) => {
      const scene = await createScene(serves);
      must(await scene.sim.run(scene.serve()));
      must(await scene.sim.run(scene.tools.write(`${scene.path}/ring-ref`, text)));
      expect(await scene.sim.run(scene.join())).toMatchObject(error('EPROTO'));
    },
  );
});
