/** `xtl net attach`: the plan that gives a domain that runs another network interface. */

import { ok } from '../../shared/core/result.ts';
import { findBackend, numberVif, planAttachVif } from '../../shared/domain/build/index.ts';
import { readVif } from '../../shared/domain/spec/read-vifs.ts';
import type { Context } from '../context.ts';
import { EXIT, failure, type Outcome } from '../output/exit.ts';
import { readable } from '../output/style.ts';
import { readSeconds } from '../seconds.ts';
import type { Options } from '../table.ts';
import { runOnDevice } from './device-plan.ts';

/** A kernel that loads its driver for it takes seconds. */
const GUEST_TIMEOUT_MS = 30_000;

export async function netAttach(
  context: Context,
  [domain = '', ...words]: readonly string[],
  options: Options,
): Promise<Outcome> {
  const timeout = readSeconds(options.timeout);
  if (!timeout.ok) return failure(EXIT.usage, timeout.error.what);
  const read = readVif(words);
  if ('code' in read) {
    const { message, hint } = read;
    const how = hint === undefined ? '' : ` (${hint})`;
    return failure(EXIT.badConfig, `vif '${words.join(' ')}': ${message}${how}`);
  }
  for (const idle of read.idle)
    context.terminal.err.write(`${readable(`xtl: warning: ${idle}`)}\n`);
  return runOnDevice(context, domain, options, {
    state: (host) => ({ host }),
    plan: async (of, host) => {
      const backend = await findBackend(host.xenstore, read.vif.backend, 'vif');
      if (!backend.ok) return backend;
      const vif = await numberVif(host, of, read.vif, backend.value);
      if (!vif.ok) return vif;
      const { devid, mac } = vif.value;
      const how = { backend: backend.value, timeoutMs: timeout.value ?? GUEST_TIMEOUT_MS };
      return ok({
        plan: planAttachVif(of, vif.value, how),
        name: (vm: string) => `attach vif ${devid} to ${vm}`,
        done: (vm: string) => `vif ${devid} (${mac}) is attached to ${vm}`,
      });
    },
    stoppable: true,
  });
}
