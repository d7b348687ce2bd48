/**
 * Requests to a store of its own before the first client comes: an engine compiles what it has seen
 * often, so that a host that boots does not wait for it, and the memory that compiling takes is
 * taken at the start instead of with the first domains.
 */

import {
  XS_DIRECTORY,
  XS_ERROR,
  XS_GET_PERMS,
  XS_READ,
  XS_RM,
  XS_TRANSACTION_END,
  XS_TRANSACTION_START,
  XS_WATCH,
  XS_WRITE,
} from '../../shared/abi/xs-wire.ts';
import { createDecoder, encodePacket } from '../../shared/xenstore/wire.ts';
import { consumeOutput } from './core/output.ts';
import { createStore } from './core/store.ts';
import { frontOf, frontSize } from './core/unread.ts';
import { createSimpleHost } from './simple-host.ts';

/** Enough for V8 to compile the way of a request; more only takes longer. */
const ROUNDS = 50;

/** What toolstacks and drivers ask most, on a few nodes of each of a few domains. */
function requestsOf(round: number): Uint8Array[] {
  const home = `/local/domain/${round % 20}`;
  const [leaf, tx] = [`${home}/device/vif/${round % 3}/state\0`, round + 1];
  return [
    encodePacket(XS_WRITE, 0, 0, leaf, `${round}`),
    encodePacket(XS_READ, 0, 0, leaf),
    encodePacket(XS_WATCH, 0, 0, leaf, `${round}\0`),
    encodePacket(XS_WRITE, 0, 0, leaf, `${round + 1}`),
    encodePacket(XS_DIRECTORY, 0, 0, `${home}/device/vif\0`),
    encodePacket(XS_GET_PERMS, 0, 0, leaf),
    encodePacket(XS_TRANSACTION_START, 0, 0, '\0'),
    encodePacket(XS_READ, 0, tx, leaf),
    encodePacket(XS_WRITE, 0, tx, leaf, 'x'),
    encodePacket(XS_WRITE, 0, tx, `${home}/new\0`, 'x'),
    encodePacket(XS_TRANSACTION_END, 0, tx, 'T\0'),
    encodePacket(XS_RM, 0, 0, `${home}/new\0`),
  ];
}

/** Takes about 50 ms, and leaves nothing behind. How many requests failed: none. */
export function warmUp(): number {
  const store = createStore({ host: createSimpleHost() });
  const connection = store.connect();
  let failed = 0;
  const replies = createDecoder((type) => {
    if (type === XS_ERROR) failed++;
  });
  connection.wake = () => {
    const { output } = connection;
    replies.push(frontOf(output), frontSize(output));
    consumeOutput(output, frontSize(output));
  };
  const requests = createDecoder((type, reqId, txId, bytes, start, end) =>
    store.handle(connection, type, reqId, txId, bytes, start, end),
  );
  for (let round = 0; round < ROUNDS; round++) {
    for (const packet of requestsOf(round)) {
      requests.push(packet);
      store.flush();
    }
  }
  return failed;
}
