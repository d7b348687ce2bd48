/** Calls over a vchan between two domains of a simulated host, whose service dies now and then. */

import { describe, expect, it } from 'vitest';
import { must, ok } from '../../../shared/core/result.ts';
import { createRpcClient } from '../../../shared/rpc/client.ts';
import { contract } from '../../../shared/rpc/contract.ts';
import { createRpcServer } from '../../../shared/rpc/server.ts';
import { integer, object, string } from '../../../shared/rpc/types.ts';
import { serveVchans } from '../../../shared/vchan/server.ts';
import { createScene, type Mortal, type Scene } from '../vchan/scene.ts';

const notes = contract('notes', 1, {
  put: {
    args: object({ text: string(5000) }),
    reply: integer(0, 1000),
    errors: [],
    isIdempotent: true,
  },
  list: { args: object({}), item: string(5000), errors: [] },
});

/** A service's process; what it has noted outlives it. */
function startService(scene: Scene, kept: Set<string>): Mortal {
  const { server, client, path } = scene;
  const process = scene.process(server);
  const { clock } = server.platform;
  const rpc = createRpcServer(
    notes,
    {
      put: async ({ text }) => ok(kept.add(text).size),
      list: async (_args, _call, emit) => {
        for (const text of kept) if (!(await emit(text))) break;
        return ok(undefined);
      },
    },
    { clock, rules: [{ kind: 'domain', domid: client.domid }], report: () => {} },
  );
  const { events, grants, store } = process;
  const options = { events, grants, store, path, clock, client: client.domid };
  serveVchans(
    { ...options, readMin: 0, writeMin: 0 },
    (vchan) => rpc.accept(vchan, { kind: 'domain', domid: client.domid }),
    () => expect.unreachable(),
  );
  return process;
}

describe.each(['dom0', 'guest'] as const)('%s serves', (serves) => {
  it.each([1, 2, 3, 4, 5])(
    'and dies: nothing is lost, nothing is done twice, seed %d',
    async (seed) => {
      const scene = await createScene(serves, seed);
      const { clock } = scene.client.platform;
      const kept = new Set<string>();
      let service = startService(scene, kept);
      const client = createRpcClient(notes, {
        ...{ clock, isPatient: true, connect: () => scene.join(5000) },
      });
      const texts = Array.from({ length: 30 }, (_, i) => `${i}`.padEnd(i * 150, '.'));
      const puts = texts.map(async (text, i) => {
        await clock.sleep(i * 10);
        return client.call('put', { text });
      });
      for (let deaths = 0; deaths < 3; deaths++) {
        await scene.sim.advance(60 + seed);
        service.kill();
        service = startService(scene, kept);
      }
      for (const put of await scene.sim.run(Promise.all(puts))) must(put);
      const listed: string[] = [];
      await scene.sim.run(
        (async () => {
          for await (const text of client.stream('list', {})) listed.push(text);
        })(),
      );
      expect(listed.sort()).toEqual([...texts].sort());
      client.close();
    },
  );
});
