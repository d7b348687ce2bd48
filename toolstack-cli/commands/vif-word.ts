/** How a user names a network interface of a domain: by its number or by its MAC address. */

import type { Domid } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import { listVifs, type VifView } from '../../shared/domain/build/index.ts';
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

/** Whether it is this one. */
export function isVif(vif: VifView, { devid, mac }: VifWord): boolean {
  return devid === undefined ? vif.mac?.toLowerCase() === mac : vif.device === devid;
}

/** The number of a vif. ENOENT: the domain has none of that address. */
export async function findDevid(
  nodes: Nodes,
  domid: Domid,
  word: VifWord,
): Promise<Result<number>> {
  if (word.devid !== undefined) return ok(word.devid);
  const vifs = await listVifs(nodes, domid);
  if (!vifs.ok) return vifs;
  const found = vifs.value.find((vif) => isVif(vif, word));
  return found === undefined ? fail('ENOENT', `there is no vif ${word.mac}`) : ok(found.device);
}
