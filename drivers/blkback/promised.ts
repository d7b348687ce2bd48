/**
 * What a frontend that goes on was told of its disk: whoever serves it next must be able to do at
 * least as much. It asks for it without looking again (blkfront_gather_backend_features in
 * xen-blkfront.c @ v6.12), and takes what is refused for a broken disk.
 */

import { ok, type Result } from '../../shared/core/result.ts';
import type { Nodes, NodeToWrite } from '../../shared/xenstore/nodes.ts';
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

/**
 * What would not be kept of a device's promises, if we go on with it, in words. A drive's are its
 * medium's, which comes and goes.
 */
export async function missed(
  { host: { session, rings }, path }: State,
  keys: DeviceKeys,
  { io }: OpenedDisk,
): Promise<Result<string | undefined>> {
  if (keys.isCdrom) return ok(undefined);
  return lacking(session, path, offered(path, keys, io.shape, rings));
}

/**
 * The first of what was promised that `offer` lacks, in words: `feature-discard 1, and has 0`.
 * Undefined: there is none. A failure is the store's.
 */
async function lacking(
  nodes: Pick<Nodes, 'readString'>,
  path: string,
  offer: readonly NodeToWrite[],
): Promise<Result<string | undefined>> {
  const names = [...AT_LEAST, THE_SAME];
  const all = await Promise.all(names.map((name) => nodes.readString(`${path}/${name}`)));
  for (const [i, name] of names.entries()) {
    const node = `${path}/${name}`;
    const read = all[i];
    if (read?.ok === false && read.error.errno !== 'ENOENT') return read;
    if (read?.ok !== true) continue;
    const before = promise(read.value);
    const now = promise(String(offer.find((each) => each.path === node)?.value ?? ''));
    const isKept = name === THE_SAME ? now === before || before === 0 : now >= before;
    if (!isKept) return ok(`${name} ${before}, and has ${now}`);
  }
  return ok(undefined);
}
