/** Nodes of a device as back ends read and write them. */

import { fail, ok, type Result } from '../core/result.ts';
import type { Nodes, NodeToWrite } from '../xenstore/nodes.ts';
import type { XenstoreSession } from '../xenstore/session.ts';

/** Undefined: there is no such node. */
export async function readText(nodes: Nodes, path: string): Promise<Result<string | undefined>> {
  const value = await nodes.readString(path);
  if (value.ok) return value;
  return value.error.errno === 'ENOENT' ? ok(undefined) : value;
}

/** A u32 in decimal digits; undefined: there is none. Anything else is an error. */
export async function readNumber(nodes: Nodes, path: string): Promise<Result<number | undefined>> {
  const value = await readText(nodes, path);
  if (!value.ok || value.value === undefined) return value.ok ? ok(undefined) : value;
  const found = Number(value.value);
  if (/^[0-9]{1,10}$/.test(value.value) && found <= 0xffff_ffff) return ok(found);
  return fail('EINVAL', `${path} is '${value.value.slice(0, 40)}', no number`);
}

/** ENOENT: there must be one. */
export async function neededNumber(nodes: Nodes, path: string): Promise<Result<number>> {
  const value = await readNumber(nodes, path);
  if (!value.ok) return value;
  return value.value === undefined ? fail('ENOENT', `${path} is missing`) : ok(value.value);
}

/** Where toolstacks look for why a device does not work. */
export function errorPath(path: string): string {
  const [, , , self, ...rest] = path.split('/');
  return `/local/domain/${self}/error/${rest.join('/')}/error`;
}

/**
 * Writes nodes of a device that is still there: one that was removed meanwhile would be made anew
 * by them, and nobody would remove that.
 */
export function writeOwn(
  session: XenstoreSession,
  path: string,
  nodes: readonly NodeToWrite[],
): Promise<Result<void>> {
  return session.transaction(async (tx) => {
    const there = await tx.exists(`${path}/frontend`);
    return there.ok && there.value ? tx.writeAll(nodes) : there.ok ? ok() : there;
  });
}
