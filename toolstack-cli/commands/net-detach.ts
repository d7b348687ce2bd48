/** `xtl net detach`: the plan that takes a network interface from a domain that runs. */

import { ok } from '../../shared/core/result.ts';
import { planDetachVif } from '../../shared/domain/build/index.ts';
import type { Context } from '../context.ts';
import { EXIT, failure, type Outcome } from '../output/exit.ts';
import { readSeconds } from '../seconds.ts';
import type { Options } from '../table.ts';
import { runOnDevice } from './device-plan.ts';
import { findDevid, readVifWord } from './vif-word.ts';

export async function netDetach(
  context: Context,
  [domain = '', word = '']: readonly string[],
  options: Options,
): Promise<Outcome> {
  const timeoutMs = readSeconds(options.timeout);
  if (!timeoutMs.ok) return failure(EXIT.usage, timeoutMs.error.what);
  const wanted = readVifWord(word);
  if (!wanted.ok) return failure(EXIT.usage, wanted.error.what);
  const how = {
    force: options.force === true,
    ...(timeoutMs.value !== undefined && { timeoutMs: timeoutMs.value }),
  };
  return runOnDevice(context, domain, options, {
    state: (host) => ({ host }),
    plan: async (of, { xenstore }) => {
      const devid = await findDevid(xenstore, of.domid, wanted.value);
      if (!devid.ok) return devid;
      return ok({
        plan: planDetachVif(of, devid.value, how),
        name: (vm: string) => `detach vif ${devid.value} from ${vm}`,
        done: (vm: string) => `vif ${devid.value} is detached from ${vm}`,
      });
    },
    // A vif that is half detached is of no use to anybody.
    stoppable: false,
  });
}
