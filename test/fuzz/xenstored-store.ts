/** Packets straight into the store: each is answered once, nothing throws, everything adds up. */

import { deepEqual, equal } from 'node:assert/strict';
import type { Connection } from '../../services/xenstored/core/connection.ts';
import { bench, readAll } from '../../services/xenstored/core/testing.ts';
import { XS_WATCH_EVENT } from '../../shared/abi/xs-wire.ts';
import { prng } from '../../shared/core/prng.ts';
import { createDecoder, HEADER_SIZE } from '../../shared/xenstore/wire.ts';
import { randomPacket } from './packets.ts';
import type { World } from './target.ts';

/** Reads all output: how many packets that are not watch events. */
function drain({ output }: Connection): number {
  let count = 0;
  const decoder = createDecoder((type) => {
    if (type !== XS_WATCH_EVENT) count++;
  });
  readAll(output, (bytes) => decoder.push(bytes.slice()));
  equal(decoder.pending(), 0, 'the output ends within a packet');
  return count;
}

const MS_PER_CASE = 50;

export const storeWorld: World = async (seed, cases, done) => {
  const random = prng(seed);
  const conflicts = random.chance(0.3) ? 'node' : 'merge';
  const { host, store, dom0, tool, guest } = bench({
    quotas: { nodes: 30, memory: 20_000 },
    conflicts,
  });
  const everybody = [dom0, tool(), guest(1), guest(2)].map(({ connection }) => connection);
  for (let i = 0; i < cases; i++) {
    const connection = random.pick(everybody);
    const packet = randomPacket(random, [...connection.transactions.keys()]);
    const header = new DataView(packet.buffer);
    store.handle(
      connection,
      header.getUint32(0, true),
      i,
      header.getUint32(8, true),
      packet,
      HEADER_SIZE,
      packet.length,
    );
    equal(drain(connection), connection.ignored ? 0 : 1, 'answers to one request');
    for (const other of everybody) {
      if (other !== connection && random.chance(0.3)) equal(drain(other), 0, 'unasked replies');
    }
    host.timeMs = i * MS_PER_CASE;
    store.expire();
    deepEqual(store.check(), []);
    if (i < cases - 1) done();
  }
  for (const connection of everybody) store.disconnect(connection);
  equal(store.state.watches.size(), 0, 'watches of nobody');
  equal(store.state.openTransactions, 0, 'transactions of nobody');
  done();
};
