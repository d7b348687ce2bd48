/** Our store as a subject: in this process, fed with the same packets. */

import type { Connection } from '../../services/xenstored/core/connection.ts';
import type { StoreOptions } from '../../services/xenstored/core/state.ts';
import type { Store } from '../../services/xenstored/core/store.ts';
import { createStore } from '../../services/xenstored/core/store.ts';
import { readAll } from '../../services/xenstored/core/testing.ts';
import { createSimpleHost } from '../../services/xenstored/simple-host.ts';
import { fail, ok } from '../../shared/core/result.ts';
import { fromLatin1, toLatin1 } from '../../shared/core/text.ts';
import { createDecoder } from '../../shared/xenstore/wire.ts';
import type { Actor, Reply, Subject } from './subject.ts';
import { nameOf } from './subject.ts';

export interface Ours extends Subject {
  readonly store: Store;
  /** Whether a transaction can only fail: what it shows from then on is its own affair. */
  isDoomed(actor: Actor, txId: number): boolean;
}

/** The hypervisor as the store may ask it, and what changes there. */
function createWorld() {
  const shut = new Set<number>();
  const base = createSimpleHost();
  const { domains } = base;
  const introduce = ({ domid }: Connection) =>
    domains.has(domid) ? ok() : fail('EINVAL', `no domain ${domid}`);
  return {
    host: { ...base, introduce },
    statusOf: (domid: number) =>
      domid === 0 || domains.has(domid) ? { shutdown: shut.has(domid), dying: false } : undefined,
    change: (what: 'exist' | 'shutdown' | 'die', domid: number): void => {
      if (what === 'shutdown') shut.add(domid);
      else if (what === 'die') domains.delete(domid);
      else {
        domains.add(domid);
        shut.delete(domid);
      }
    },
  };
}

export function createOurs(sockets: number, options: Omit<StoreOptions, 'host'>): Ours {
  const { host, statusOf, change } = createWorld();
  const store = createStore({ ...options, host });
  const connections = new Map<string, Connection>();
  const heard = new Map<string, string[]>();
  for (let i = 0; i < sockets; i++) connections.set(`socket ${i}`, store.connect());

  /** Reads what a connection has to say: events are kept, the last reply is returned. */
  const listen = (name: string, connection: Connection): Reply | undefined => {
    let reply: Reply | undefined;
    const decoder = createDecoder((type, _reqId, _txId, bytes, start, end) => {
      const payload = fromLatin1(bytes.subarray(start, end));
      if (type === 15) heard.set(name, [...(heard.get(name) ?? []), payload]);
      else reply = { type, payload };
    });
    readAll(connection.output, decoder.push);
    return reply;
  };

  return {
    name: 'ours',
    store,
    isDoomed: (actor, txId) =>
      connections.get(nameOf(actor))?.transactions.get(txId)?.doomed ?? false,
    request: async (actor, type, txId, payload) => {
      const name = nameOf(actor);
      const connection = connections.get(name);
      if (connection === undefined) throw new Error(`${name} is not there`);
      listen(name, connection);
      const bytes = toLatin1(payload);
      store.handle(connection, type, 1, txId, bytes, 0, bytes.length);
      const reply = listen(name, connection);
      if (reply === undefined) throw new Error(`${name} got no reply`);
      return reply;
    },
    events: async () => {
      for (const [name, connection] of connections) listen(name, connection);
      const all = new Map(heard);
      heard.clear();
      return all;
    },
    enter: async (domid) => {
      const connection = store.state.domains.get(domid)?.connection;
      if (connection === undefined) throw new Error(`domain ${domid} has no connection`);
      connections.set(`domain ${domid}`, connection);
    },
    leave: (domid) => void connections.delete(`domain ${domid}`),
    world: async (what, domid) => {
      change(what, domid);
      if (what !== 'exist') store.checkDomains(statusOf);
    },
    ended: () => undefined,
    stop: async () => {},
  };
}
