/** Clients of a store in the same process. */

import { describe, expect, it } from 'vitest';
import { XENSTORE_PAYLOAD_MAX, XS_READ } from '../../shared/abi/xs-wire.ts';
import { domid, port } from '../../shared/core/ids.ts';
import { fail, must, ok } from '../../shared/core/result.ts';
import type { XenstoreTransport } from '../../shared/platform/xenstore.ts';
import { createXenstoreClient } from '../../shared/xenstore/client.ts';
import { createDecoder, encodePacket, putHeader } from '../../shared/xenstore/wire.ts';
import { attach, type ConnectionKind } from './attach.ts';
import { createStore } from './core/store.ts';
import { createSimpleHost } from './simple-host.ts';

/** Two ends of a stream; what one writes reaches the other in a later turn. */
function pair(): [XenstoreTransport, XenstoreTransport] {
  type End = { data: (b: Uint8Array) => void; close: () => void; queue: Uint8Array[] };
  const ends: [End, End] = [
    { data: () => {}, close: () => {}, queue: [] },
    { data: () => {}, close: () => {}, queue: [] },
  ];
  let open = true;
  const end = (mine: End, other: End): XenstoreTransport => ({
    write: (bytes) => {
      if (open) Promise.resolve().then(() => other.data(bytes));
    },
    receive: (data, close) => {
      mine.data = data;
      mine.close = close;
    },
    close: () => {
      if (!open) return;
      open = false;
      Promise.resolve().then(() => {
        mine.close();
        other.close();
      });
    },
  });
  return [end(ends[0], ends[1]), end(ends[1], ends[0])];
}

function serve(domains: number[] = []) {
  const host = createSimpleHost(domains);
  const store = createStore({ host });
  const client = (kind: ConnectionKind) => {
    const [near, far] = pair();
    attach(store, far, kind);
    return createXenstoreClient(near);
  };
  return { store, host, client };
}

describe('a client of a store in the same process', () => {
  it('writes, reads, lists and removes', async () => {
    const { client, store } = serve();
    const xs = client('socket');
    must(await xs.write('/a/b', 'x'));
    expect(await xs.readString('/a/b')).toEqual(ok('x'));
    expect(await xs.directory('/')).toEqual(ok(['tool', 'a']));
    must(await xs.rm('/a'));
    expect(await xs.read('/a/b')).toEqual(fail('ENOENT', 'read /a/b: there is no such node'));
    expect(store.check()).toEqual([]);
  });

  it('is answered what it sent whole before a header that nobody may send', async () => {
    const { store } = serve();
    const [near, far] = pair();
    attach(store, far, 'socket');
    const heard: number[] = [];
    const decoder = createDecoder((_type, reqId) => heard.push(reqId));
    const closed = new Promise((resolve) => near.receive(decoder.push, resolve));
    const bytes = new Uint8Array(2 * 22 + 16);
    for (const i of [0, 1]) bytes.set(encodePacket(XS_READ, i, 0, '/tool\0'), i * 22);
    putHeader(bytes, 2 * 22, XS_READ, 2, 0, XENSTORE_PAYLOAD_MAX + 1);
    near.write(bytes);
    await closed;
    expect(heard).toEqual([0, 1]);
  });

  it('sees a change made by another client', async () => {
    const { client } = serve();
    const [a, b] = [client('socket'), client('socket')];
    const watch = must(await a.watch('/w'));
    expect((await watch.next()).value).toBe('/w');
    must(await b.write('/w/x', '1'));
    expect((await watch.next()).value).toBe('/w/x');
    await watch.return();
  });

  it('lists a directory larger than a packet', async () => {
    const { client } = serve();
    const xs = client('socket');
    const names = Array.from({ length: 2000 }, (_, i) => `child-number-${i}`);
    must(await xs.writeAll(names.map((name) => ({ path: `/d/${name}`, value: '' }))));
    expect(new Set(must(await xs.directory('/d')))).toEqual(new Set(names));
  });

  it('is a guest with its own rights', async () => {
    const { client, store } = serve([5]);
    const dom0 = client('socket');
    must(await dom0.write('/local/domain/5/name', 'guest'));
    const guest = client({ domid: 5 });
    expect(await guest.read('name')).toMatchObject({ error: { errno: 'EACCES' } });
    must(await dom0.setPerms('/local/domain/5', [{ domid: 5, access: 'n' }]));
    must(await guest.write('data/x', '1'));
    expect(await dom0.readString('/local/domain/5/data/x')).toEqual(ok('1'));
    expect(await dom0.isDomainIntroduced(domid(5))).toEqual(ok(true));
    guest.close();
    await new Promise((done) => setTimeout(done, 1));
    expect(await dom0.isDomainIntroduced(domid(5))).toEqual(ok(false));
    expect(await dom0.exists('/local/domain/5')).toEqual(ok(false));
    expect(store.check()).toEqual([]);
  });

  it('introduces and releases domains, and hears of both', async () => {
    const { client } = serve([7]);
    const xs = client('socket');
    const watch = must(await xs.watch('@introduceDomain'));
    await watch.next();
    must(await xs.introduce(domid(7), 1, port(3)));
    expect((await watch.next()).value).toBe('@introduceDomain');
    must(await xs.release(domid(7)));
    expect(await xs.release(domid(7))).toMatchObject({ error: { errno: 'ENOENT' } });
  });

  it('runs transactions side by side below one directory', async () => {
    const { client, store } = serve();
    const clients = Array.from({ length: 8 }, () => client('socket'));
    let runs = 0;
    const results = await Promise.all(
      clients.map((xs, i) =>
        xs.transaction(async (tx) => {
          runs++;
          return tx.writeAll([
            { path: `/backend/vif/${i}/state`, value: '1' },
            { path: `/backend/vif/${i}/mac`, value: 'm' },
          ]);
        }),
      ),
    );
    expect(results.every((r) => r.ok)).toBe(true);
    expect(runs).toBeGreaterThanOrEqual(8);
    expect(must(await clients[0]!.directory('/backend/vif'))).toHaveLength(8);
    expect(store.check()).toEqual([]);
  });
});
