/** Calls over a Unix socket of this process. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { must, ok } from '../../shared/core/result.ts';
import { clock } from '../../shared/platform/unix/clock.ts';
import { lockFile } from '../../shared/platform/unix/lock-file.ts';
import { servedPipe } from '../../shared/platform/unix/served-pipe.ts';
import { connectPipe } from '../../shared/platform/unix/socket-pipe.ts';
import { type StreamServer, serveStreams } from '../../shared/platform/unix/stream-server.ts';
import { createRpcClient } from '../../shared/rpc/client.ts';
import { contract } from '../../shared/rpc/contract.ts';
import { createRpcServer } from '../../shared/rpc/server.ts';
import { bytes, integer, object } from '../../shared/rpc/types.ts';

const mirror = contract('mirror', 1, {
  show: {
    args: object({ data: bytes(250_000) }),
    reply: object({ data: bytes(250_000) }),
    errors: [],
    isIdempotent: true,
  },
  count: { args: object({ to: integer(0, 10_000) }), item: integer(0, 10_000), errors: [] },
});

let work: string;
let socket: string;
let undo: (() => void)[] = [];
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'xtl-rpc-'));
  socket = join(work, 'socket');
});
afterEach(() => {
  for (const one of undo.reverse()) one();
  undo = [];
  rmSync(work, { recursive: true });
});

/** A service for user `uid`. */
function serve(uid: number): { streams: StreamServer; peers: unknown[] } {
  const peers: unknown[] = [];
  const rpc = createRpcServer(
    mirror,
    {
      show: async ({ data }) => ok({ data }),
      count: async ({ to }, _call, emit) => {
        for (let i = 0; i < to; i++) if (!(await emit(i))) break;
        return ok(undefined);
      },
    },
    { clock, rules: [{ kind: 'user', uid }], report: () => {} },
  );
  const lock = must(lockFile(`${socket}.lock`));
  const streams = must(
    serveStreams(socket, lock, (stream) => {
      const { pipe, owner } = servedPipe(stream);
      const peer = must(stream.peer());
      peers.push(peer);
      rpc.accept(pipe, peer);
      return owner;
    }),
  );
  undo.push(() => lock.release(), streams.close);
  return { streams, peers };
}

function connect(isPatient: boolean) {
  const client = createRpcClient(mirror, { clock, isPatient, connect: () => connectPipe(socket) });
  undo.push(client.close);
  return client;
}

it('carries calls and streams whole, for the user whom the kernel knows', async () => {
  const uid = process.getuid?.() ?? -1;
  const { peers } = serve(uid);
  const client = connect(false);
  const sent = [0, 1, 5000, 250_000].map((size) => new Uint8Array(size).fill(size));
  const replies = await Promise.all(sent.map((data) => client.call('show', { data })));
  for (const [i, reply] of replies.entries()) {
    expect(Buffer.compare(must(reply).data, sent[i] as Uint8Array)).toBe(0);
  }
  let next = 0;
  for await (const item of client.stream('count', { to: 3000 })) expect(item).toBe(next++);
  expect(next).toBe(3000);
  expect(peers).toEqual([{ kind: 'user', uid, gid: process.getgid?.() }]);
});

it('tells another user that he may not', async () => {
  serve((process.getuid?.() ?? 0) + 1);
  const refused = await connect(true).call('show', { data: new Uint8Array(1) });
  expect(refused).toMatchObject({ ok: false, error: { errno: 'EACCES' } });
});

it('tells at once that nobody is there, or waits', async () => {
  const data = new Uint8Array(1);
  const refused = await connect(false).call('show', { data });
  expect(refused).toMatchObject({ ok: false, error: { errno: 'ENOENT' } });
  const waiting = connect(true).call('show', { data });
  serve(process.getuid?.() ?? -1);
  expect(must(await waiting).data.length).toBe(1);
});

it('is made anew when the service was started anew', async () => {
  const uid = process.getuid?.() ?? -1;
  const { streams } = serve(uid);
  const client = connect(true);
  must(await client.call('show', { data: new Uint8Array(1) }));
  streams.close();
  undo.splice(undo.indexOf(streams.close), 1);
  undo.shift()?.();
  serve(uid);
  must(await client.call('show', { data: new Uint8Array(2) }));
});
