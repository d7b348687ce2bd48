// Domain building on the simulator: every step failed once, and nothing left.
import { describe, expect, it } from 'vitest';
import { domid } from '../../shared/core/ids.ts';
import { fail, must } from '../../shared/core/result.ts';
import {
  type BuildHost,
  newCreateState,
  newDestroyState,
  type PlanResult,
  type Prepared,
  planCreate,
  planDestroy,
  prepareCreate,
  runPlan,
} from '../../shared/domain/build/index.ts';
import { readElf } from '../../shared/domain/image/elf.ts';
import { makeElf } from '../../shared/domain/image/fixtures.ts';
import type { VmSpec } from '../../shared/domain/spec/vm-spec.ts';
import type { FallibleOp, SimOptions } from '../../shared/platform/sim/sim.ts';
import type { XenstoreClient } from '../../shared/xenstore/client.ts';
import { type Machine, simMachine } from '../../toolstack-cli/testing/sim-host.ts';

const UUID = '2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a';

const spec: VmSpec = {
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

const RAMDISK = Uint8Array.from({ length: 5000 }, (_, i) => i);

interface Bench extends Machine {
  readonly host: BuildHost;
  create(changes?: Partial<VmSpec>): Promise<PlanResult>;
  /** Every node of the store with its value and permissions. */
  tree(): Promise<string[]>;
}

async function bench(options: Partial<SimOptions> = {}): Promise<Bench> {
  const machine = await simMachine(options);
  const { sim, xenstore, builders } = machine;
  const host: BuildHost = { ...sim.dom0, xenstore, builders };
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
    create: async (changes = {}) => {
      const plan = planCreate(await prepare(changes));
      return sim.run(runPlan(plan, newCreateState(host), host.clock));
    },
    tree: () => sim.run(walk(xenstore, '')),
  };
}

async function walk(store: XenstoreClient, path: string): Promise<string[]> {
  const value = must(await store.readString(path || '/'));
  const perms = must(await store.getPerms(path || '/'));
  const names = must(await store.directory(path || '/'));
  const below = await Promise.all(names.toSorted().map((name) => walk(store, `${path}/${name}`)));
  const list = perms.map(({ access, domid: id }) => `${access}${id}`).join(',');
  return [`${path} = "${value}" (${list})`, ...below.flat()];
}

/** The n-th call of an operation that creating a domain makes, and the step that it fails. */
const FAULTS: readonly [FallibleOp, number, string][] = [
  ['domainControl.listInfo', 1, 'check'],
  ['domainControl.physInfo', 1, 'check'],
  ['domainControl.createDomain', 1, 'domain'],
  ['domainControl.maxVcpus', 1, 'limits'],
  ['domainControl.setMaxMem', 1, 'limits'],
  ['domainControl.setPagingMempool', 1, 'limits'],
  ['domainControl.allocUnbound', 1, 'channels'],
  ['domainControl.allocUnbound', 2, 'channels'],
  ['domainControl.setMemoryMap', 1, 'memory'],
  ['domainControl.populatePhysmap', 1, 'memory'],
  ['domainControl.populatePhysmap', 2, 'memory'],
  ['memory.mapForeign', 1, 'image'],
  ['memory.mapForeign', 3, 'image'],
  ['memory.mapGrantTable', 1, 'grants'],
  ['domainControl.setHvmParam', 1, 'params'],
  ['domainControl.setHvmParam', 9, 'params'],
  ['domainControl.getHvmContext', 1, 'vcpu'],
  ['domainControl.setHvmContext', 1, 'vcpu'],
  ['domainControl.unpause', 1, 'unpause'],
];

describe('creating a domain', () => {
  it('makes a running domain with its memory, its rings granted and its nodes', async () => {
    const { sim, create, xenstore } = await bench();
    expect(await create()).toEqual({ ok: true });
    const id = domid(1);
    const info = must(sim.dom0.domainControl.getInfo(id));
    expect(info).toMatchObject({ paused: false, maxVcpuId: 1 });
    expect(info.totalPages).toBeGreaterThanOrEqual((64 * 1024) / 4);
    expect(must(await sim.run(xenstore.readString('/local/domain/1/name')))).toBe('web');
    expect(must(await sim.run(xenstore.isDomainIntroduced(id)))).toBe(true);
    for (const ref of [0, 1]) {
      const grants = sim.dom0.grants;
      const mapped = must(grants.map(id, [ref as Parameters<typeof grants.map>[1][number]], 'rw'));
      expect(mapped.bytes.every((byte) => byte === 0)).toBe(true);
      grants.unmap(mapped);
    }
  });

  it('writes the nodes that xl writes, with the permissions that a guest needs', async () => {
    const { create, tree } = await bench();
    must2(await create());
    const nodes = (await tree()).filter(
      (node) => !node.includes('/xtl =') && !node.includes('start_time'),
    );
    expect(nodes).toMatchSnapshot();
  });

  it.each(FAULTS)('fails %s at call %i in step %s, and leaves nothing', async (op, nth, step) => {
    const { sim, create, tree } = await bench();
    const before = await tree();
    const baseline = sim.baseline();
    sim.faults.fail(op, { nth });
    const result = await create();
    expect(result).toMatchObject({ ok: false, error: { errno: 'EIO', step, left: [] } });
    expect(sim.leaks(baseline)).toEqual([]);
    expect(await tree()).toEqual(before);
    sim.faults.clear();
    expect(await create()).toEqual({ ok: true });
  });

  it.each(['transaction', 'introduce'] as const)(
    'fails when the store refuses %s, and leaves nothing',
    async (op) => {
      const { sim, host, tree } = await bench();
      const before = await tree();
      const baseline = sim.baseline();
      let refused = 0;
      const refuse = async () => {
        // The roll-back's own transaction goes through.
        if (refused++ > 0)
          return host.xenstore.transaction(async () => ({ ok: true, value: undefined }));
        return fail('ENOSPC', `${op}: quota`);
      };
      const broken: BuildHost = { ...host, xenstore: { ...host.xenstore, [op]: refuse } };
      const prepared = must(
        await prepareCreate(
          { ...spec, ramdisk: '/boot/r' },
          {
            kernel: async () => readElf(makeElf({})),
            ramdisk: async () => ({ ok: true, value: RAMDISK }),
          },
          { random: new Uint8Array(16), paused: false },
        ),
      );
      const result = await sim.run(
        runPlan(planCreate(prepared), newCreateState(broken), host.clock),
      );
      expect(result).toMatchObject({ ok: false, error: { errno: 'ENOSPC', left: [] } });
      expect(sim.leaks(baseline)).toEqual([]);
      expect(await tree()).toEqual(before);
    },
  );

  it('says what it could not take back', async () => {
    const { sim, create } = await bench();
    sim.faults.fail('domainControl.setMemoryMap');
    sim.faults.fail('domainControl.destroyDomain', { errno: 'EBUSY' });
    expect(await create()).toMatchObject({
      ok: false,
      error: { step: 'memory', left: [{ step: 'domain', error: { errno: 'EBUSY' } }] },
    });
  });

  it('refuses a name and a uuid in use', async () => {
    const { create } = await bench();
    must2(await create());
    expect(await create({ uuid: UUID.replace('2f', '3f') })).toMatchObject({
      error: { errno: 'EEXIST', what: "the name 'web' is in use by domain 1", step: 'check' },
    });
    expect(await create({ name: 'other' })).toMatchObject({
      error: { errno: 'EEXIST', what: `uuid ${UUID} is that of domain 1`, step: 'check' },
    });
  });

  it('says how much memory is missing before it takes any', async () => {
    const { sim, create } = await bench();
    sim.faults.exhaust(32 * 256);
    const result = await create();
    expect(result).toMatchObject({ ok: false, error: { errno: 'ENOMEM', step: 'check' } });
    expect(result.ok ? '' : result.error.what).toMatch(/needs \d+ MiB, 32 MiB are free/);
  });

  it.each([9, 3, 0])(
    'splits extents where no free piece is larger than order %i',
    async (order) => {
      const { sim, create } = await bench();
      sim.faults.fragment(order);
      must2(await create());
      expect(must(sim.dom0.domainControl.getInfo(domid(1))).totalPages).toBeGreaterThanOrEqual(
        16384,
      );
    },
  );
});

describe('destroying a domain', () => {
  it('leaves host and store as they were, round after round', async () => {
    const { sim, create, tree, host } = await bench();
    const before = await tree();
    const baseline = sim.baseline();
    for (let round = 1; round <= 20; round++) {
      must2(await create());
      const plan = planDestroy(domid(round));
      must2(await sim.run(runPlan(plan, newDestroyState(host), host.clock)));
    }
    expect(sim.leaks(baseline)).toEqual([]);
    expect(await tree()).toEqual(before);
  });

  it('refuses domain 0, and one that is not there', async () => {
    const { sim, host } = await bench();
    const end = (id: number) =>
      sim.run(runPlan(planDestroy(domid(id)), newDestroyState(host), host.clock));
    expect(await end(0)).toMatchObject({ error: { errno: 'EPERM' } });
    expect(await end(9)).toMatchObject({ error: { errno: 'ESRCH' } });
  });

  it('never removes what a guest claims to be its back end (XSA-175)', async () => {
    const { sim, create, tree, host, xenstore } = await bench();
    must2(await create());
    await sim.run(xenstore.write('/libxl/1/device/vbd/0/backend', '/local/domain/0/name'));
    await sim.run(xenstore.write('/local/domain/1/device/vbd/0/backend', '/tool'));
    must2(await sim.run(runPlan(planDestroy(domid(1)), newDestroyState(host), host.clock)));
    const left = (await tree()).join('\n');
    expect(left).toContain('/local/domain/0/name');
    expect(left).toContain('/tool');
  });

  it('does not wait for ever for a back end that is stuck', async () => {
    const { sim, create, host, xenstore } = await bench();
    must2(await create());
    const back = '/local/domain/0/backend/vbd/1/51712';
    await sim.run(xenstore.write('/libxl/1/device/vbd/51712/backend', back));
    await sim.run(xenstore.write(`${back}/state`, '4'));
    must2(await sim.run(runPlan(planDestroy(domid(1)), newDestroyState(host), host.clock)));
    expect(must(await sim.run(xenstore.exists(back)))).toBe(false);
  });
});

function must2(result: PlanResult): void {
  must<void>(result.ok ? { ok: true, value: undefined } : result);
}
