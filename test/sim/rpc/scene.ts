/** A service with all that an RPC can do, and a client of it, on the simulated host. */

import { fail, ok, type Result } from '../../../shared/core/result.ts';
import type { BytePipe, PeerIdentity } from '../../../shared/platform/byte-pipe.ts';
import { createSim, type Sim } from '../../../shared/platform/sim/sim.ts';
import type { AccessRules } from '../../../shared/rpc/access.ts';
import { createRpcClient, type RpcClient } from '../../../shared/rpc/client.ts';
import { contract } from '../../../shared/rpc/contract.ts';
import { createRpcServer, type Handlers, type RpcServer } from '../../../shared/rpc/server.ts';
import {
  array,
  boolean,
  bytes,
  integer,
  nothing,
  object,
  oneOf,
  optional,
  string,
  variants,
} from '../../../shared/rpc/types.ts';
import { createPipes, type Pipes } from './pipes.ts';

const shape = variants({
  circle: { radius: integer(0, 1000) },
  box: { width: integer(0, 1000), height: integer(0, 1000) },
});

export const shop = contract('shop', 3, {
  echo: {
    args: object({
      text: string(100_000),
      size: optional(integer(-5, 2 ** 40)),
      data: optional(bytes(200_000)),
      colour: optional(oneOf('red', 'green')),
      shapes: optional(array(shape, 100)),
      isOld: optional(boolean),
    }),
    reply: object({ text: string(100_000), again: optional(array(shape, 100)) }),
    errors: [],
    isIdempotent: true,
  },
  /** Counts; not to be done twice. */
  add: {
    args: object({ amount: integer(0, 1000) }),
    reply: integer(0, 1e9),
    errors: ['ENOSPC'],
  },
  /** The same, but for who asks twice with one name. */
  put: {
    args: object({ name: string(20) }),
    reply: integer(0, 1e9),
    errors: ['EEXIST'],
    isIdempotent: true,
  },
  wait: { args: object({ ms: integer(0, 1e9) }), reply: nothing, errors: [], isIdempotent: true },
  /** Does not keep to what stands here. */
  lie: { args: object({ how: oneOf('reply', 'errno') }), reply: integer(0, 9), errors: [] },
  count: {
    args: object({ to: integer(0, 1e6) }),
    item: integer(0, 1e6),
    errors: ['ENOSPC'],
  },
});

export type Shop = RpcClient<(typeof shop)['ops']>;

export interface State {
  sum: number;
  readonly names: Set<string>;
  /** Items given, and handlers that heard that nobody waits. */
  given: number;
  over: number;
}

function handlersOf(state: State, { dom0 }: Sim): Handlers<(typeof shop)['ops']> {
  return {
    echo: async ({ text, shapes }) => ok({ text, ...(shapes && { again: shapes }) }),
    add: async ({ amount }) => {
      if (amount === 13) return fail('ENOSPC', 'unlucky');
      state.sum += amount;
      return ok(state.sum);
    },
    put: async ({ name }) => {
      state.names.add(name);
      return ok(state.names.size);
    },
    wait: async ({ ms }, call) => {
      await new Promise<void>((resolve) => {
        const cancel = dom0.clock.after(ms, resolve);
        call.onOver(() => {
          state.over++;
          cancel();
          resolve();
        });
      });
      return ok(undefined);
    },
    lie: async ({ how }) => (how === 'reply' ? ok(77) : fail('EROFS', 'secret')),
    count: async ({ to }, _call, emit) => {
      for (let i = 0; i < to; i++) {
        if (i === 500) return fail('ENOSPC', 'enough');
        if (!(await emit(i))) {
          state.over++;
          return ok(undefined);
        }
        state.given++;
      }
      return ok(undefined);
    },
  };
}

export interface Scene {
  readonly sim: Sim;
  readonly state: State;
  readonly reports: string[];
  readonly pipes: Pipes[];
  server: RpcServer;
  client: Shop;
  /** A connection that nobody has said a word on yet. */
  raw(): Pipes;
  /** Connections fail from now on, or do not. */
  isAway: boolean;
  restart(): void;
}

export const TOOL: PeerIdentity = { kind: 'user', uid: 0, gid: 0 };

export function createScene(
  seed: number,
  {
    rules = [{ kind: 'user', uid: 0 }],
    peer = TOOL,
    isPatient = true,
    capacity = 1000,
  }: { rules?: AccessRules; peer?: PeerIdentity; isPatient?: boolean; capacity?: number } = {},
): Scene {
  const sim = createSim({ seed });
  const { clock } = sim.dom0;
  const state: State = { sum: 0, names: new Set(), given: 0, over: 0 };
  const reports: string[] = [];
  const pipes: Pipes[] = [];
  const serve = (): RpcServer =>
    createRpcServer(shop, handlersOf(state, sim), {
      ...{ clock, rules, report: (line) => void reports.push(line) },
    });
  const raw = (): Pipes => {
    const pair = createPipes({ clock, seed: seed + pipes.length, capacity });
    pipes.push(pair);
    scene.server.accept(pair.server, peer);
    return pair;
  };
  const connect = async (): Promise<Result<BytePipe>> =>
    scene.isAway ? fail('ECONNREFUSED', 'nobody is there') : ok(raw().client);
  const scene: Scene = {
    ...{ sim, state, reports, pipes, raw, isAway: false, server: serve() },
    client: createRpcClient(shop, { connect, clock, isPatient }),
    restart: () => {
      for (const pair of pipes) pair.cut();
      scene.server = serve();
    },
  };
  return scene;
}
