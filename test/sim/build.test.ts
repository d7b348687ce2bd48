// Creating domains on the simulator: every step failed once, and nothing left.
import { describe, expect, it } from 'vitest';
import { domid } from '../../shared/core/ids.ts';
import { fail, must, ok, type Result } from '../../shared/core/result.ts';
import {
  type BuildHost,
  type CreateState,
  newCreateState,
  newDestroyState,
  planDestroy,
  readRecord,
  runPlan,
  type Step,
} from '../../shared/domain/build/index.ts';
import type { FallibleOp } from '../../shared/platform/sim/sim.ts';
import { bench, must2, USERDATA, UUID } from './build-bench.ts';

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
  ['domainControl.setUuid', 1, 'identity'],
  ['domainControl.unpause', 1, 'unpause'],
];

/** A step that only looks. */
function probe(look: () => Promise<unknown>): Step<CreateState> {
  return { id: 'probe', title: '', run: async () => look().then(() => ok()) };
}

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

  it('is known by its name from the first step after the domain is there', async () => {
    const { sim, plan, host, xenstore } = await bench();
    const { steps } = await plan();
    const seen: string[] = [];
    const looked = steps.flatMap((step) => [
      step,
      probe(async () => {
        const name = await xenstore.readString('/local/domain/1/name');
        seen.push(`${step.id}: ${name.ok ? name.value : name.error.errno}`);
      }),
    ]);
    must2(await sim.run(runPlan({ name: '', steps: looked }, newCreateState(host), host.clock)));
    const ids = steps.map(({ id }) => id);
    expect(seen.slice(0, 2)).toEqual(['check: ENOENT', 'domain: ENOENT']);
    expect(seen.slice(2)).toEqual(ids.slice(2).map((id) => `${id}: web`));
  });

  it('can be ended by another at any step, and leaves nothing', async () => {
    const ids = (await (await bench()).plan()).steps.map(({ id }) => id);
    for (const last of ids.slice(1, -1)) {
      const { sim, plan, host, tree } = await bench();
      const before = await tree();
      const baseline = sim.baseline();
      const steps = (await plan()).steps.flatMap((step) =>
        step.id === last
          ? [step, probe(() => runPlan(planDestroy(domid(1)), newDestroyState(host), host.clock))]
          : [step],
      );
      const result = await sim.run(runPlan({ name: '', steps }, newCreateState(host), host.clock));
      expect(result, last).toMatchObject({ ok: false, error: { errno: 'ESRCH', left: [] } });
      expect(sim.leaks(baseline), last).toEqual([]);
      expect(await tree(), last).toEqual(before);
    }
  });

  it.each([1900, 3900, 60_000])('takes a command line of %i bytes', async (bytes) => {
    const { sim, create, tree, host } = await bench();
    const before = await tree();
    const cmdline = 'x'.repeat(bytes);
    must2(await create({ cmdline }));
    const record = await sim.run(readRecord(host.xenstore, domid(1)));
    expect(must(record)).toMatchObject({ name: 'web', cmdline });
    must2(await sim.run(runPlan(planDestroy(domid(1)), newDestroyState(host), host.clock)));
    expect(await tree()).toEqual(before);
  });

  it('keeps the configuration where libxl looks for it, as a C string', async () => {
    const { create, written } = await bench();
    const cmdline = 'gr\xc3\xb6\xc3\x9fe="x"';
    const actions = { onCrash: 'rename-restart', onWatchdog: 'coredump-restart' } as const;
    must2(await create({ cmdline, vcpus: 2, maxvcpus: 4, ...actions }));
    const config = `${USERDATA}/userdata-d.1.${UUID}.libxl-json`;
    expect([...written.keys()]).toEqual([config, `${USERDATA}/userdata-d.1.${UUID}.xtl`]);
    const text = new TextDecoder().decode(written.get(config));
    expect(text.endsWith('}\n\0')).toBe(true);
    expect(JSON.parse(text.slice(0, -1))).toEqual({
      c_info: { type: 'pvh', name: 'web', uuid: UUID },
      b_info: {
        max_vcpus: 4,
        avail_vcpus: [0, 1],
        max_memkb: 65536,
        target_memkb: 65536,
        video_memkb: 0,
        kernel: '/boot/k',
        ramdisk: '/boot/r',
        cmdline: 'größe="x"',
        'type.pvh': {},
      },
      on_poweroff: 'destroy',
      on_reboot: 'restart',
      on_watchdog: 'coredump_restart',
      on_crash: 'restart_rename',
      on_soft_reset: 'soft_reset',
    });
  });

  it('fails where nothing can be kept of it, and leaves nothing', async () => {
    const { sim, plan, host, tree, written } = await bench();
    const before = await tree();
    const baseline = sim.baseline();
    const files = { ...host.files, write: async () => fail('ENOSPC', 'no space left') };
    const state = newCreateState({ ...host, files });
    const result = await sim.run(runPlan(await plan(), state, host.clock));
    expect(result).toMatchObject({ error: { errno: 'ENOSPC', step: 'config', left: [] } });
    expect(sim.leaks(baseline)).toEqual([]);
    expect(await tree()).toEqual(before);
    expect(written.size).toBe(0);
  });

  it.each(FAULTS)('fails %s at call %i in step %s, and leaves nothing', async (op, nth, step) => {
    const { sim, create, tree, written } = await bench();
    const before = await tree();
    const baseline = sim.baseline();
    sim.faults.fail(op, { nth });
    const result = await create();
    expect(result).toMatchObject({ ok: false, error: { errno: 'EIO', step, left: [] } });
    expect(sim.leaks(baseline)).toEqual([]);
    expect(await tree()).toEqual(before);
    expect(written.size).toBe(0);
    sim.faults.clear();
    expect(await create()).toEqual({ ok: true });
  });

  it.each([
    ['transaction', 1, 'name'],
    ['transaction', 2, 'nodes'],
    ['introduce', 1, 'introduce'],
  ] as const)(
    'fails when the store refuses %s %i in step %s, and leaves nothing',
    async (op, nth, step) => {
      const { sim, host, plan, tree } = await bench();
      const before = await tree();
      const baseline = sim.baseline();
      let asked = 0;
      const refuse = async (...args: never[]) => {
        if (++asked === nth) return fail('ENOSPC', `${op}: quota`);
        return (host.xenstore[op] as (...args: never[]) => Promise<Result<void>>)(...args);
      };
      const broken: BuildHost = { ...host, xenstore: { ...host.xenstore, [op]: refuse } };
      const result = await sim.run(runPlan(await plan(), newCreateState(broken), host.clock));
      expect(result).toMatchObject({ ok: false, error: { errno: 'ENOSPC', step, left: [] } });
      expect(sim.leaks(baseline)).toEqual([]);
      expect(await tree()).toEqual(before);
    },
  );

  it('is told, given and charged one amount of memory, whatever maxmem asks for', async () => {
    const { sim, create, xenstore } = await bench();
    must2(await create({ memoryKib: 64 * 1024, maxmemKib: 96 * 1024 }));
    const { memoryMap } = sim.domain(domid(1));
    const ram = memoryMap.filter(({ type }) => type === 1);
    expect(ram.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(64 << 20);
    for (const node of ['static-max', 'target']) {
      const kib = await sim.run(xenstore.readString(`/local/domain/1/memory/${node}`));
      expect(must(kib), node).toBe(String(64 * 1024));
    }
    // With the constant that libxl adds, too.
    expect(must(sim.dom0.domainControl.getInfo(domid(1))).maxPages).toBe(65 * 256);
  });

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
