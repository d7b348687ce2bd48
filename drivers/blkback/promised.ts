/**
 * What a frontend that goes on was told of its disk: whoever serves it next must be able to do at
 * least as much. It asks for it without looking again (blkfront_gather_backend_features in
 * xen-blkfront.c @ v6.12), and takes what is refused for a broken disk.
 */

import { ok, type Result } from '../../shared/core/result.ts';
import type { Nodes } from '../../shared/xenstore/nodes.ts';
import type { OpenedDisk, State } from './device.ts';
import { type DeviceKeys, offered } from './keys.ts';

/** Of the back end's directory, as io/blkif.h @ RELEASE-4.17.0 has them: numbers, 0 if missing. */
const AT_LEAST: readonly string[] = [
  'feature-flush-cache',
  'feature-barrier',
  'feature-discard',
  'discard-secure',
  'feature-max-indirect-segments',
];

/** Addresses and lengths are counted by it. */
const THE_SAME = 'sector-size';

/** What no number is was no promise: frontends read it as 0. */
function promise(text: string): number {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
}

/** Of AT_LEAST, and THE_SAME. */
export type Promised = readonly number[];

const NAMES: readonly string[] = [...AT_LEAST, THE_SAME];

/** What a device's frontend was told so far. A failure is the store's. */
export async function readPromised(
  nodes: Pick<Nodes, 'readString'>,
  path: string,
): Promise<Result<Promised>> {
  const all = await Promise.all(NAMES.map((name) => nodes.readString(`${path}/${name}`)));
  const promised: number[] = [];
  for (const read of all) {
    if (!read.ok && read.error.errno !== 'ENOENT') return read;
    promised.push(read.ok ? promise(read.value) : 0);
  }
  return ok(promised);
}

/**
 * The first of a device's promises that would not be kept if we went on with it, in words:
 * `feature-discard 1, and has 0`. Undefined: there is none. A drive's are its medium's, which comes
 * and goes.
 */
export function missed(
  { host: { rings }, path }: State,
  keys: DeviceKeys,
  { io }: OpenedDisk,
  promised: Promised,
): string | undefined {
  if (keys.isCdrom) return undefined;
  const offer = offered(path, keys, io.shape, rings);
  for (const [i, name] of NAMES.entries()) {
    const before = promised[i] as number;
    const now = promise(String(offer.find((each) => each.path === `${path}/${name}`)?.value ?? ''));
    const isKept = name === THE_SAME ? now === before || before === 0 : now >= before;
    if (!isKept) return `${name} ${before}, and has ${now}`;
  }
  return undefined;
}
