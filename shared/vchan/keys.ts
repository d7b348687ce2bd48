/** Where a client finds a vchan: two nodes below a path that both ends know. */

import { DOMID_FIRST_RESERVED, type Domid, type Gref, gref, type Port, port } from '../core/ids.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { XenstoreSession } from '../xenstore/session.ts';
import { NUMBER_TEXT_MAX } from './limits.ts';

/** What is needed of the store. */
export type VchanStore = Pick<XenstoreSession, 'readString' | 'transaction' | 'watch'>;

export interface VchanKeys {
  readonly ringRef: Gref;
  readonly port: Port;
}

export const ringRefPath = (path: string): string => `${path}/ring-ref`;
/** The one to watch: a client may read it, and perhaps nothing above it. */
export const eventChannelPath = (path: string): string => `${path}/event-channel`;

/** A u32 as libxenvchan prints it. 0 is none to it, and to us. */
function numberOf(text: string): number | undefined {
  if (text.length > NUMBER_TEXT_MAX || !/^[1-9][0-9]*$/.test(text)) return undefined;
  const number = Number(text);
  return number <= 0xffffffff ? number : undefined;
}

async function ownDomid(store: VchanStore): Promise<Result<number>> {
  const text = await store.readString('domid');
  if (!text.ok) return text;
  const number = text.value === '0' ? 0 : numberOf(text.value);
  if (number !== undefined && number < DOMID_FIRST_RESERVED) return ok(number);
  return fail('EPROTO', `the store says that we are domain '${text.value}'`);
}

/**
 * Writes both keys at once, readable for the client and nobody else (init_xs_srv @ RELEASE-4.17.0).
 * What a server before this one has left there is replaced.
 */
export async function publishKeys(
  store: VchanStore,
  path: string,
  client: Domid,
  keys: VchanKeys,
): Promise<Result<void>> {
  const self = await ownDomid(store);
  if (!self.ok) return self;
  const permissions = [
    { domid: self.value, access: 'n' },
    { domid: client, access: 'r' },
  ] as const;
  return store.transaction((tx) =>
    tx.writeAll([
      { path: ringRefPath(path), value: String(keys.ringRef), permissions },
      { path: eventChannelPath(path), value: String(keys.port), permissions },
    ]),
  );
}

interface Nodes {
  readString(path: string): Promise<Result<string>>;
}

/** Both keys; undefined while there are none, or none that may be read. EPROTO for no numbers. */
async function readKeys(nodes: Nodes, path: string): Promise<Result<VchanKeys | undefined>> {
  const numbers: number[] = [];
  for (const one of [ringRefPath(path), eventChannelPath(path)]) {
    const text = await nodes.readString(one);
    if (!text.ok) {
      const { errno } = text.error;
      return errno === 'ENOENT' || errno === 'EACCES' ? ok(undefined) : text;
    }
    const number = numberOf(text.value);
    if (number === undefined) return fail('EPROTO', `${one} is '${text.value}', not a number`);
    numbers.push(number);
  }
  const [first = 0, second = 0] = numbers;
  return ok({ ringRef: gref(first), port: port(second) });
}

/** Both keys as one server wrote them. */
export function findKeys(store: VchanStore, path: string): Promise<Result<VchanKeys | undefined>> {
  return store.transaction((tx) => readKeys(tx, path));
}

/**
 * Removes the path if its keys are still ours: another server may have taken the place, whose keys
 * a libxenvchan that closes late removes (close_xs_srv @ RELEASE-4.17.0).
 */
export function withdrawKeys(
  store: VchanStore,
  path: string,
  ours: VchanKeys,
): Promise<Result<void>> {
  return store.transaction(async (tx) => {
    const there = await readKeys(tx, path);
    if (!there.ok || there.value === undefined) return there.ok ? ok() : there;
    const isOurs = there.value.ringRef === ours.ringRef && there.value.port === ours.port;
    return isOurs ? tx.rm(path) : ok();
  });
}
