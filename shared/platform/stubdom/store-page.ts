/** Our own xenstore page, as the domain's builder has made it. */

import { HVM_PARAM_STORE_EVTCHN, HVM_PARAM_STORE_PFN } from '../../abi/hvm-params.ts';
import { errnoName } from '../../core/errno.ts';
import { type Port, port } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Region } from '../region.ts';
import type { StubdomPlatform } from './platform.ts';

export interface StorePage {
  readonly region: Region;
  readonly port: Port;
}

/** ENOENT: the domain was made without a xenstore. */
export function openStorePage({ kernel, events }: StubdomPlatform): Result<StorePage> {
  const which = kernel.parameter(HVM_PARAM_STORE_EVTCHN);
  if (which <= 0) return fail('ENOENT', 'this domain has no xenstore');
  const page = kernel.domainPage(HVM_PARAM_STORE_PFN);
  if (typeof page === 'number') return fail(errnoName(page), 'cannot map our xenstore page');
  const adopted = events.adopt(port(which));
  if (!adopted.ok) return adopted;
  const region = { bytes: new Uint8Array(page), words: new Int32Array(page) };
  return ok({ region, port: adopted.value });
}
