/** The kernel's device as a way to a xenstored, and when it is taken. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fail, must, ok } from '../../shared/core/result.ts';
import { onceAnswered, overXenbus } from '../../shared/platform/unix/xenbus-device.ts';
import { connectXenstore } from '../../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient } from '../../shared/xenstore/client.ts';
import { type Served, serveOurs } from '../conformance/serve.ts';
import { fakeXenbus } from './fake-xenbus.ts';

describe('a client over the device', () => {
  it('has every request of a turn in a write of its own, and an answer to each', async () => {
    const { file, writes } = fakeXenbus();
    const client = createXenstoreClient(overXenbus(file));
    const paths = Array.from({ length: 20 }, (_, i) => `/d/${i}`);
    await Promise.all(paths.map((path) => client.write(path, path)));
    const values = await Promise.all(paths.map((path) => client.readString(path)));
    expect(values).toEqual(paths.map((path) => ok(path)));
    expect(writes).toHaveLength(40);
  });

  it('reads replies and events in pieces of any size, and runs transactions', async () => {
    const { file, store } = fakeXenbus(3);
    const client = createXenstoreClient(overXenbus(file));
    const watch = must(await client.watch('/w'));
    expect((await watch.next()).value).toBe('/w');
    must(await client.transaction((tx) => tx.write('/w/x', '1')));
    expect((await watch.next()).value).toBe('/w/x');
    await watch.return();
    expect(store.state.watches.size()).toBe(0);
    expect(store.state.openTransactions).toBe(0);
  });

  it('is told that a request is too large for the kernel, and goes on', async () => {
    const { file } = fakeXenbus();
    const client = createXenstoreClient(overXenbus(file));
    const room = 4096 - 16 - '/v\0'.length;
    expect(await client.write('/v', 'x'.repeat(room))).toEqual(ok());
    expect(await client.write('/v', 'x'.repeat(room + 1))).toEqual(
      fail('E2BIG', 'write /v: too large'),
    );
    expect(must(await client.readString('/v'))).toHaveLength(room);
  });

  it('loses everything at once when the device breaks, and closes it', async () => {
    const fake = fakeXenbus();
    const client = createXenstoreClient(overXenbus(fake.file));
    const watch = must(await client.watch('/w'));
    await watch.next();
    fake.breakDown();
    expect(await watch.next()).toMatchObject({ done: true });
    expect(await client.read('/')).toMatchObject({ error: { errno: 'EIO' } });
    expect(fake.isOpen()).toBe(false);
  });
});

describe('the first answer', () => {
  it('is asked for before anybody else asks, and is nobody else’s', async () => {
    const { file, writes } = fakeXenbus(5);
    const client = createXenstoreClient(must(await onceAnswered(overXenbus(file), 'it')));
    expect(must(await client.directory('/'))).toEqual(['tool']);
    expect(writes).toEqual([18, 18]);
  });

  it('is not waited for longer than said, and the device is closed then', async () => {
    const { file, isOpen } = fakeXenbus();
    const silent = { ...file, listen: () => {} };
    const found = await onceAnswered(overXenbus(silent), '/dev/x', 5);
    expect(found).toEqual(fail('ETIMEDOUT', 'no xenstored answers at /dev/x'));
    expect(isOpen()).toBe(false);
  });
});

describe('the way to the xenstored', () => {
  let dir: string;
  let served: Served;
  /** What is written to a pipe that is open both ways can be read from it: it answers itself. */
  let pipe: string;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'xtl-xenbus-'));
    pipe = join(dir, 'xenbus');
    execFileSync('mkfifo', [pipe]);
    served = await serveOurs();
  });
  afterEach(async () => {
    await served.stop();
    rmSync(dir, { recursive: true });
  });

  /** Whose answer comes to a request: `store` by a socket, `device` from the pipe. */
  const ask = async (env: Record<string, string>, devices: string[]) => {
    const found = await connectXenstore(env, devices);
    if (!found.ok) return found.error.errno;
    const question = Uint8Array.of(10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0x37, 0);
    const answer = await new Promise<Uint8Array>((resolve) => {
      found.value.receive(resolve, () => {});
      found.value.write(question);
    });
    found.value.close();
    return Buffer.from(answer).equals(question) ? 'device' : 'store';
  };

  it('is the socket if there is one', async () => {
    expect(await ask({ XENSTORED_RUNDIR: join(served.socket, '..') }, [pipe])).toBe('store');
  });

  it('is the device if there is no socket, or nobody listens on it', async () => {
    expect(await ask({ XENSTORED_RUNDIR: dir }, [join(dir, 'none'), pipe])).toBe('device');
    await served.stop();
    served = await serveOurs();
    expect(await ask({ XENSTORED_RUNDIR: dir }, [])).toBe('ENOENT');
  });

  it('is what XENSTORED_PATH names, be it a socket or the device, and nothing else', async () => {
    expect(await ask({ XENSTORED_PATH: served.socket }, [pipe])).toBe('store');
    expect(await ask({ XENSTORED_PATH: pipe }, [])).toBe('device');
    expect(await ask({ XENSTORED_PATH: join(dir, 'none') }, [pipe])).toBe('ENOENT');
  });
});
