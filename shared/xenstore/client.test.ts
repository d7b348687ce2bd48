/** The client against a store that is a function: matching, loss, watches, transactions. */

import { describe, expect, it } from 'vitest';
import {
  XS_DIRECTORY,
  XS_DIRECTORY_PART,
  XS_ERROR,
  XS_READ,
  XS_TRANSACTION_END,
  XS_TRANSACTION_START,
  XS_UNWATCH,
  XS_WATCH,
  XS_WATCH_EVENT,
  XS_WRITE,
} from '../abi/xs-wire.ts';
import type { Failure } from '../core/result.ts';
import { fail, ok } from '../core/result.ts';
import { fromLatin1 } from '../core/text.ts';
import type { XenstoreTransport } from '../platform/xenstore.ts';
import { createXenstoreClient } from './client.ts';
import { EVENTS_MAX } from './watch-queue.ts';
import { createDecoder, encodePacket } from './wire.ts';

interface Request {
  type: number;
  reqId: number;
  txId: number;
  text: string;
}

/**
 * A client whose store is a function from a request to the reply's type and payload (none:
 * silent).
 */
function against(store: (request: Request) => readonly [number, string] | undefined) {
  const writes: number[] = [];
  const requests: Request[] = [];
  let onData: (bytes: Uint8Array) => void = () => {};
  let onClose: (reason?: Failure) => void = () => {};
  const decoder = createDecoder((type, reqId, txId, bytes, start, end) => {
    const request = { type, reqId, txId, text: fromLatin1(bytes.slice(start, end)) };
    requests.push(request);
    const reply = store(request);
    if (reply === undefined) return;
    const packet = encodePacket(reply[0], reqId, txId, reply[1]);
    Promise.resolve().then(() => onData(packet));
  });
  const transport: XenstoreTransport = {
    write: (bytes) => {
      writes.push(bytes.length);
      decoder.push(bytes);
    },
    receive: (data, close) => {
      onData = data;
      onClose = close;
    },
    close: () => {},
  };
  return {
    client: createXenstoreClient(transport),
    writes,
    requests,
    send: (type: number, text: string, reqId = 0) => onData(encodePacket(type, reqId, 0, text)),
    raw: (bytes: Uint8Array) => onData(bytes),
    hangUp: (reason?: Failure) => onClose(reason),
  };
}

const OK = 'OK\0';

describe('requests', () => {
  it('of one turn leave in one write and are matched to their replies', async () => {
    const { client, writes } = against(({ type, text }) => [type, text.slice(0, -1)]);
    const values = await Promise.all([1, 2, 3].map((n) => client.readString(`/${n}`)));
    expect(values).toEqual([ok('/1'), ok('/2'), ok('/3')]);
    expect(writes).toHaveLength(1);
  });

  it('are matched by id when replies come in another order', async () => {
    const silent = against(() => undefined);
    const values = Promise.all([silent.client.readString('/1'), silent.client.readString('/2')]);
    await Promise.resolve();
    for (const { reqId, text } of silent.requests.toReversed()) silent.send(XS_READ, text, reqId);
    expect(await values).toEqual([ok('/1\0'), ok('/2\0')]);
  });

  it('keep at most 256 in flight and still all finish', async () => {
    let open = 0;
    let most = 0;
    const { client } = against(({ type }) => {
      most = Math.max(most, ++open);
      Promise.resolve().then(() => open--);
      return [type, ''];
    });
    const values = await Promise.all(Array.from({ length: 1000 }, () => client.read('/x')));
    expect(values.every((v) => v.ok)).toBe(true);
    expect(most).toBeLessThanOrEqual(256);
  });

  it('fail with the name of the request and the error of the store', async () => {
    const { client } = against(() => [XS_ERROR, 'EACCES\0']);
    expect(await client.write('/x', 'v')).toEqual(fail('EACCES', 'write /x: not permitted'));
  });

  it('take an error string that no header lists for EINVAL', async () => {
    const { client } = against(() => [XS_ERROR, 'EQUOTA\0']);
    expect(await client.rm('/x')).toEqual(
      fail('EINVAL', 'rm /x: a path, permission or other argument is not valid'),
    );
  });

  it.each<[string, (c: ReturnType<typeof against>) => void, Failure]>([
    ['is closed by the store', (c) => c.hangUp(), { errno: 'ENOTCONN', what: 'closed' }],
    [
      'breaks with a reason',
      (c) => c.hangUp({ errno: 'EIO', what: 'cable' }),
      { errno: 'EIO', what: 'cable' },
    ],
    ['carries an unasked reply', (c) => c.send(XS_READ, '', 77), { errno: 'EPROTO', what: '77' }],
    [
      'carries an oversized packet',
      (c) => c.raw(new Uint8Array(16).fill(255)),
      { errno: 'EPROTO', what: '4096' },
    ],
    ['is closed by us', (c) => c.client.close(), { errno: 'ENOTCONN', what: 'this end' }],
  ])('all fail when the connection %s', async (_name, end, why) => {
    const it = against(({ type }) => (type === XS_WATCH ? [type, OK] : undefined));
    const watch = await it.client.watch('/w');
    const reads = Promise.all([it.client.read('/1'), it.client.read('/2')]);
    await Promise.resolve();
    await Promise.resolve();
    end(it);
    const expected = {
      ok: false,
      error: { errno: why.errno, what: expect.stringContaining(why.what) },
    };
    expect(await reads).toEqual([expected, expected]);
    expect(await it.client.read('/3')).toEqual(expected);
    expect(watch.ok && (await watch.value.next())).toMatchObject({ done: true });
    expect(watch.ok && watch.value.failure()?.errno).toBe(why.errno);
  });

  it('refuse what cannot be said on the wire', async () => {
    const { client, requests } = against(() => undefined);
    const refused = await Promise.all([
      client.read('/a\0b'),
      client.write('/a', '\u0141'),
      client.read('/\u0141'),
      client.watch('/\0'),
    ]);
    expect(refused.map((r) => !r.ok && r.error.errno)).toEqual(Array(4).fill('EINVAL'));
    const big = await client.write('/a', new Uint8Array(4096));
    expect(!big.ok && big.error.errno).toBe('E2BIG');
    expect(requests).toEqual([]);
  });
});

describe('directory', () => {
  it('is read in parts when it does not fit one reply, again if it changes meanwhile', async () => {
    const names = Array.from({ length: 5 }, (_, i) => `child-${i}`);
    let generation = 1;
    const { client } = against(({ type, text }) => {
      if (type === XS_DIRECTORY) return [XS_ERROR, 'E2BIG\0'];
      expect(type).toBe(XS_DIRECTORY_PART);
      const at = Number(text.split('\0')[1]) / 8;
      if (at === 3 && generation === 1) {
        generation = 2;
        names.push('child-5');
      }
      const part = names.slice(at, at + 3);
      const last = at + 3 >= names.length ? '\0' : '';
      return [type, `${generation}\0${part.map((n) => `${n}\0`).join('')}${last}`];
    });
    expect(await client.directory('/d')).toEqual(ok(names));
  });
});

describe('a watch', () => {
  const watching = () => against(({ type }) => [type, OK]);

  it('yields each path once until it is read, and is taken back by break', async () => {
    const { client, requests, send } = watching();
    const watch = await client.watch('/w');
    if (!watch.ok) throw new Error('no watch');
    const token = requests[0]?.text.split('\0')[1];
    for (const path of ['/w', '/w/a', '/w/a', '/w/b']) send(XS_WATCH_EVENT, `${path}\0${token}\0`);
    const seen: string[] = [];
    for await (const path of watch.value) {
      seen.push(path);
      if (path === '/w/b') break;
    }
    expect(seen).toEqual(['/w', '/w/a', '/w/b']);
    expect(requests.at(-1)).toMatchObject({ type: XS_UNWATCH, text: `/w\0${token}\0` });
  });

  it('XSA-349: says "look at everything" when its reader is too slow', async () => {
    const { client, requests, send } = watching();
    const watch = await client.watch('/w');
    const token = requests[0]?.text.split('\0')[1];
    for (let i = 0; i <= EVENTS_MAX; i++) send(XS_WATCH_EVENT, `/w/${i}\0${token}\0`);
    expect(watch.ok && (await watch.value.next()).value).toBe('/w');
    send(XS_WATCH_EVENT, `/w/z\0${token}\0`);
    expect(watch.ok && (await watch.value.next()).value).toBe('/w/z');
  });
});

describe('a transaction', () => {
  const store = (conflicts: number) => {
    let id = 0;
    return against(({ type }) => {
      if (type === XS_TRANSACTION_START) return [type, `${++id}\0`];
      if (type === XS_TRANSACTION_END && id <= conflicts) return [XS_ERROR, 'EAGAIN\0'];
      return [type, OK];
    });
  };

  it('runs again when it conflicts, each time under a new id', async () => {
    const { client, requests } = store(2);
    const result = await client.transaction(async (tx) => {
      const written = await tx.write('/x', '1');
      return written.ok ? ok('done') : written;
    });
    expect(result).toEqual(ok('done'));
    const writes = requests.filter(({ type }) => type === XS_WRITE);
    expect(writes.map(({ txId }) => txId)).toEqual([1, 2, 3]);
  });

  it('gives up with EAGAIN after the given attempts', async () => {
    const { client } = store(99);
    const result = await client.transaction(async () => ok(), { attempts: 3 });
    expect(result).toEqual(fail('EAGAIN', 'transaction: in conflict 3 times in a row'));
  });

  it.each([
    ['fails', async () => fail('EEXIST', 'taken')],
    ['throws', () => Promise.reject(new Error('bug'))],
  ])('is aborted when its body %s', async (_how, body) => {
    const { client, requests } = store(0);
    await client.transaction(body).catch(() => {});
    expect(requests.at(-1)).toMatchObject({ type: XS_TRANSACTION_END, text: 'F\0' });
  });

  it('sends all writes of one turn at once', async () => {
    const { client, writes } = store(0);
    const nodes = Array.from({ length: 40 }, (_, i) => ({ path: `/n/${i}`, value: `${i}` }));
    expect(await client.transaction((tx) => tx.writeAll(nodes))).toEqual(ok());
    expect(writes).toHaveLength(3);
  });
});
