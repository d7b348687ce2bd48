/** What the tests of the store share: a connection to speak to in one line, and its answers. */

import { fromLatin1, toLatin1 } from '../../../shared/core/text.ts';
import { createDecoder } from '../../../shared/xenstore/wire.ts';
import { createSimpleHost, type SimpleHost } from '../simple-host.ts';
import type { Connection } from './connection.ts';
import { consumeOutput, type Output } from './output.ts';
import type { StoreOptions } from './state.ts';
import { createStore, type Store } from './store.ts';
import { peekOutput } from './unread.ts';

/** Operations by the names that tests write. */
const TYPES: Readonly<Record<string, number>> = {
  control: 0,
  ls: 1,
  read: 2,
  getPerms: 3,
  watch: 4,
  unwatch: 5,
  start: 6,
  end: 7,
  introduce: 8,
  release: 9,
  path: 10,
  write: 11,
  mkdir: 12,
  rm: 13,
  setPerms: 14,
  introduced: 17,
  resume: 18,
  target: 19,
  reset: 21,
  part: 22,
  getFeature: 23,
  setFeature: 24,
  getQuota: 25,
  setQuota: 26,
};

export interface Speaker {
  readonly connection: Connection;
  /** `say('write', '/a', 'x')`: the reply's payload, NULs as `|`; an error as its name. */
  say(op: string, ...words: readonly string[]): string;
  /** The same in a transaction. */
  in(tx: number, op: string, ...words: readonly string[]): string;
  /** A payload as it is. */
  raw(type: number, tx: number, payload: string): string;
  /** Begins a transaction; its id. */
  begin(): number;
  /** The watch events since the last call, `path:token` each. */
  events(): string[];
}

/** Reads all that waits, piece by piece. */
export function readAll(output: Output, take: (bytes: Uint8Array) => void): void {
  while (output.size > 0) {
    const bytes = peekOutput(output);
    take(bytes);
    consumeOutput(output, bytes.length);
  }
}

/** Speaks for a connection. What it sends is read at once unless `lazy`. */
export function speaker(store: Store, connection: Connection): Speaker {
  const events: string[] = [];
  let reply = '';
  const listen = (): void => {
    const decoder = createDecoder((type, _reqId, _txId, bytes, start, end) => {
      const text = fromLatin1(bytes.subarray(start, end));
      if (type === 15) events.push(text.slice(0, -1).replace('\0', ':'));
      else reply = type === 16 ? text.slice(0, -1) : text.replaceAll('\0', '|');
    });
    readAll(connection.output, decoder.push);
  };
  const raw = (type: number, tx: number, payload: string): string => {
    listen();
    const bytes = toLatin1(payload);
    reply = 'silence';
    store.handle(connection, type, 7, tx, bytes, 0, bytes.length);
    listen();
    return reply;
  };
  const inside = (tx: number, op: string, ...words: readonly string[]): string => {
    const type = TYPES[op];
    if (type === undefined) throw new Error(`no operation ${op}`);
    const last = op === 'write' ? `${words[0]}\0${words[1]}` : words.map((w) => `${w}\0`).join('');
    return raw(type, tx, last);
  };
  return {
    connection,
    raw,
    in: inside,
    say: (op, ...words) => inside(0, op, ...words),
    begin: () => Number.parseInt(raw(6, 0, '\0'), 10),
    events: () => {
      listen();
      return events.splice(0);
    },
  };
}

export interface Bench {
  readonly store: Store;
  readonly host: SimpleHost;
  /** A tool in dom0. */
  readonly dom0: Speaker;
  tool(): Speaker;
  /** A guest with a home that it owns, introduced. */
  guest(domid: number): Speaker;
}

export function bench(options: Partial<StoreOptions> = {}): Bench {
  const host = createSimpleHost([1, 2, 3]);
  const store = createStore({ host, ...options });
  const tool = (): Speaker => speaker(store, store.connect());
  const dom0 = tool();
  const guest = (domid: number): Speaker => {
    const home = `/local/domain/${domid}`;
    host.domains.add(domid);
    dom0.say('mkdir', home);
    dom0.say('setPerms', home, `n${domid}`);
    return speaker(store, store.introduce(domid));
  };
  return { store, host, dom0, tool, guest };
}
