/** The lifecycle service on a simulated machine with one VM of xtl. */

import type { LifecycleHost } from '../../services/lifecycle/vm-end.ts';
import { assert } from '../../shared/core/assert.ts';
import { must } from '../../shared/core/result.ts';
import { createImageFiles, listDomains } from '../../shared/domain/build/index.ts';
import { fakeFiles } from '../../toolstack-cli/testing/context.ts';
import { FILES, type Machine, simMachine } from '../../toolstack-cli/testing/sim-host.ts';

export async function machine(
  settings: string,
): Promise<{ machine: Machine; host: LifecycleHost; log: string[] }> {
  const made = await simMachine();
  const log: string[] = [];
  const host: LifecycleHost = {
    ...made.sim.dom0,
    xenstore: made.xenstore,
    builders: made.builders,
    files: fakeFiles(FILES, made.written),
    images: createImageFiles(fakeFiles(FILES)),
    random: (bytes) => new Uint8Array(bytes).fill(7),
    log: (line) => log.push(line),
  };
  const { exit, stderr } = await made.xtl(`vm create vm.cfg ${settings} -q`);
  assert(exit === 0, stderr);
  return { machine: made, host, log };
}

/** Names of all domains but dom0, by domid. */
export async function names({ sim, xenstore }: Machine): Promise<string[]> {
  const infos = must(listDomains(sim.dom0.domainControl)).filter((info) => info.domid !== 0);
  const read = infos.map((info) => xenstore.readString(`/local/domain/${info.domid}/name`));
  return infos
    .map(({ domid: id }, i) => [id, i] as const)
    .reduce<Promise<string[]>>(
      async (all, [id, i]) => [
        ...(await all),
        `${id} ${must(await sim.run(read[i] as (typeof read)[0]))}`,
      ],
      Promise.resolve([]),
    );
}
