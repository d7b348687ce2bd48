/** How a user names a network interface of a domain: by its number or by its MAC address. */

import type { Domid } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import { listVifs } from '../../shared/domain/build/index.ts';
import { readVif } from '../../shared/domain/spec/read-vifs.ts';
import type { Nodes } from '../../shared/xenstore/nodes.ts';

export interface VifWord {
  readonly devid?: number;
  /** Six pairs of lower-case digits with colons. */
  readonly mac?: string;
}

/** EINVAL: it is neither. */
export function readVifWord(word: string): Result<VifWord> {
  const read = readVif([/[:-]/.test(word) ? `mac=${word}` : `devid=${word}`]);
  const { devid, mac } = 'code' in read ? {} : read.vif;
  if (devid !== undefined) return ok({ devid });
  if (mac !== undefined) return ok({ mac });
  return fail('EINVAL', `a vif is a number or a MAC address, not '${word}'`);
}

/** The number of a vif. ENOENT: the domain has none of that address. */
export async function findDevid(
  nodes: Nodes,
  domid: Domid,
  { devid, mac }: VifWord,
): Promise<Result<number>> {
  if (devid !== undefined) return ok(devid);
  const vifs = await listVifs(nodes, domid);
  if (!vifs.ok) return vifs;
  const found = vifs.value.find((vif) => vif.mac?.toLowerCase() === mac);
  return found === undefined ? fail('ENOENT', `there is no vif ${mac}`) : ok(found.device);
}
