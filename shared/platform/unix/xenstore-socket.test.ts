/** The socket transport against a server of our own. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Failure, must } from '../../core/result.ts';
import type { XenstoreTransport } from '../xenstore.ts';
import { connectSocket, xenstoreSocketPath } from './xenstore-socket.ts';

test.each([
  [{ XENSTORED_PATH: '/a/b' }, '/a/b'],
  [{ XENSTORED_PATH: '/a/b', XENSTORED_RUNDIR: '/c' }, '/a/b'],
  [{ XENSTORED_RUNDIR: '/c' }, '/c/socket'],
  [{ XENSTORED_PATH: '' }, '/run/xenstored/socket'],
  [{}, '/run/xenstored/socket'],
])('the path for %o is %s', (env, path) => {
  expect(xenstoreSocketPath(env)).toBe(path);
});

describe('a connection', () => {
  let dir: string;
  let server: Server;
  let accepted: Promise<Socket>;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'xtl-xs-'));
    accepted = new Promise((resolve) => {
      server = createServer(resolve);
    });
    await new Promise<void>((resolve) => server.listen(join(dir, 'socket'), resolve));
  });

  afterEach(() => {
    server.close();
    rmSync(dir, { recursive: true });
  });

  const connect = async (): Promise<XenstoreTransport> =>
    must(await connectSocket(join(dir, 'socket')));

  /** Collects until `bytes` came or the connection ended. */
  const collect = (transport: XenstoreTransport, bytes: number) =>
    new Promise<{ text: string; closed: boolean; reason?: Failure | undefined }>((resolve) => {
      let text = '';
      transport.receive(
        (chunk) => {
          text += Buffer.from(chunk).toString('latin1');
          if (text.length >= bytes) resolve({ text, closed: false });
        },
        (reason) => resolve({ text, closed: true, reason }),
      );
    });

  test('bytes go both ways in order', async () => {
    const transport = await connect();
    const peer = await accepted;
    peer.on('data', (chunk) => peer.write(chunk));
    const got = collect(transport, 9);
    for (const text of ['abc', 'def', 'ghi']) transport.write(Buffer.from(text));
    expect((await got).text).toBe('abcdefghi');
    transport.close();
  });

  test('what came before the receiver was set is not lost', async () => {
    const transport = await connect();
    (await accepted).end('early');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await collect(transport, 100)).toEqual({ text: 'early', closed: true });
  });

  test('the end is told once, and writing after it is ignored', async () => {
    const transport = await connect();
    let ends = 0;
    const ended = new Promise<void>((resolve) => {
      transport.receive(
        () => {},
        () => {
          ends++;
          resolve();
        },
      );
    });
    (await accepted).destroy();
    await ended;
    transport.write(new Uint8Array(3));
    transport.close();
    transport.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(ends).toBe(1);
  });

  test('closing is told to ourselves too', async () => {
    const transport = await connect();
    const got = collect(transport, 1);
    transport.close();
    expect(await got).toEqual({ text: '', closed: true });
  });
});

test('where nobody listens, the failure names the path', async () => {
  const result = await connectSocket('/nonexistent/xenstored/socket');
  expect(result).toMatchObject({ ok: false, error: { errno: 'ENOENT' } });
  expect(result.ok ? '' : result.error.what).toContain('/nonexistent/xenstored/socket');
});
