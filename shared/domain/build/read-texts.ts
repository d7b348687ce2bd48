/** Several nodes at once, of which some may not be there. */

import { ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';

/** A node's value; undefined: there is none. */
export async function readText(nodes: Nodes, path: string): Promise<Result<string | undefined>> {
  const value = await nodes.readString(path);
  if (value.ok) return value;
  return value.error.errno === 'ENOENT' ? ok(undefined) : value;
}

/** All of several nodes, or the first failure but ENOENT. */
export async function readTexts<K extends string>(
  nodes: Nodes,
  paths: Readonly<Record<K, string>>,
): Promise<Result<Partial<Record<K, string>>>> {
  const found: Partial<Record<K, string>> = {};
  const names = Object.keys(paths) as K[];
  const values = await Promise.all(names.map((name) => readText(nodes, paths[name])));
  for (const [i, value] of values.entries()) {
    if (!value.ok) return value;
    if (value.value !== undefined) found[names[i] as K] = value.value;
  }
  return ok(found);
}
