/** A simulated machine on which domains are built, by the plans alone. */

import { must } from '../../shared/core/result.ts';
import {
  type BuildHost,
  type CreateState,
  newCreateState,
  type Plan,
  type PlanResult,
  type Prepared,
  planCreate,
  prepareCreate,
  runPlan,
} from '../../shared/domain/build/index.ts';
import { readElf } from '../../shared/domain/image/elf.ts';
import { makeElf } from '../../shared/domain/image/fixtures.ts';
import type { VmSpec } from '../../shared/domain/spec/vm-spec.ts';
import type { SimOptions } from '../../shared/platform/sim/sim.ts';
import type { XenstoreClient } from '../../shared/xenstore/client.ts';
import { fakeFiles } from '../../toolstack-cli/testing/context.ts';
import { type Machine, simMachine } from '../../toolstack-cli/testing/sim-host.ts';
import { storeTree } from './store-tree.ts';

export const UUID = '2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a';

export const spec: VmSpec = {
  name: 'web',
  uuid: UUID,
  type: 'pvh',
  kernel: '/boot/k',
  ramdisk: '/boot/r',
  cmdline: 'quiet',
  memoryKib: 64 * 1024,
  maxmemKib: 64 * 1024,
  vcpus: 1,
  maxvcpus: 2,
  onPoweroff: 'destroy',
  onReboot: 'restart',
  onCrash: 'destroy',
  onWatchdog: 'destroy',
  onSoftReset: 'soft-reset',
  configText: '',
};

export const USERDATA = '/var/lib/xen';

export const RAMDISK = Uint8Array.from({ length: 5000 }, (_, i) => i);

export interface Bench extends Machine {
  readonly host: BuildHost;
  plan(changes?: Partial<VmSpec>): Promise<Plan<CreateState>>;
  create(changes?: Partial<VmSpec>): Promise<PlanResult>;
  /** Every node of the store, or of another, with its value and permissions. */
  tree(store?: XenstoreClient): Promise<string[]>;
}

export async function bench(options: Partial<SimOptions> = {}): Promise<Bench> {
  const machine = await simMachine(options);
  const { sim, xenstore, written, builders } = machine;
  const host: BuildHost = { ...sim.dom0, xenstore, builders, files: fakeFiles({}, written) };
  // As xen-init-dom0 leaves it.
  for (const path of ['/vm', '/libxl']) must(await sim.run(xenstore.mkdir(path)));
  const prepare = async (changes: Partial<VmSpec>): Promise<Prepared> => {
    const files = {
      kernel: async () => readElf(makeElf({})),
      ramdisk: async () => ({ ok: true, value: RAMDISK }) as const,
    };
    const random = new Uint8Array(16);
    return must(await prepareCreate({ ...spec, ...changes }, files, { random, paused: false }));
  };
  return {
    ...machine,
    host,
    plan: async (changes = {}) => planCreate(await prepare(changes)),
    create: async (changes = {}) => {
      const plan = planCreate(await prepare(changes));
      return sim.run(runPlan(plan, newCreateState(host), host.clock));
    },
    tree: (store = xenstore) => storeTree(machine, store),
  };
}

export function must2(result: PlanResult): void {
  must<void>(result.ok ? { ok: true, value: undefined } : result);
}
