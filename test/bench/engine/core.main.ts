/** Requests to the store's core, as many a second as the engine makes: `ROW SECONDS`. */

import { consumeOutput, peekOutput } from '../../../services/xenstored/core/output.ts';
import { createTextPathCache } from '../../../services/xenstored/core/path-cache-text.ts';
import { createStore } from '../../../services/xenstored/core/store.ts';
import { createSimpleHost } from '../../../services/xenstored/simple-host.ts';
import { toLatin1 } from '../../../shared/core/text.ts';

/** What engine.c gives, and node.ts. */
declare const host: {
  readonly arguments: readonly string[];
  readonly hasCompiler?: boolean;
  nowMs(): number;
  print(text: string): void;
};

const NODES = 500;
const REPLIES_A_DRAIN = 16;
const XS_READ = 2;
const XS_WRITE = 11;

const [what = 'read', who = 'guest', count = '20000'] = host.arguments;
const simple = createSimpleHost([1]);
simple.domains.add(1);
const store = createStore({
  host: simple,
  ...(host.hasCompiler !== true && { createPaths: createTextPathCache }),
});
const dom0 = store.dom0;
const drain = (connection: typeof dom0): void => {
  while (connection.output.size > 0) {
    consumeOutput(connection.output, peekOutput(connection.output).length);
  }
};
const ask = (connection: typeof dom0, type: number, payload: Uint8Array): void =>
  store.handle(connection, type, 7, 0, payload, 0, payload.length);

ask(dom0, 12, toLatin1('/local/domain/1\0'));
ask(dom0, 14, toLatin1('/local/domain/1\0n1\0'));
drain(dom0);
const guest = store.introduce(1);
const by = who === 'guest' ? guest : dom0;
const paths = Array.from({ length: NODES }, (_, i) => `/local/domain/1/device/vif/${i % 50}/n${i}`);
const writes = paths.map((path, i) => toLatin1(`${path}\0value ${i}`));
const reads = paths.map((path) => toLatin1(`${path}\0`));
for (const each of [...writes, ...reads, ...writes, ...reads]) {
  ask(by, each.at(-1) === 0 ? XS_READ : XS_WRITE, each);
  drain(by);
}
const type = what === 'read' ? XS_READ : XS_WRITE;
const payloads = what === 'read' ? reads : writes;
const begun = host.nowMs();
const requests = Number(count);
for (let i = 0; i < requests; i++) {
  ask(by, type, payloads[i % NODES] as Uint8Array);
  if (i % REPLIES_A_DRAIN === REPLIES_A_DRAIN - 1) drain(by);
}
const ms = host.nowMs() - begun;
host.print(String(Math.round((requests / ms) * 1000)));
