// A xenstored that was started anew: what hypervisor and files know of domains is made again.
import { describe, expect, it } from 'vitest';
import { domid } from '../../shared/core/ids.ts';
import { must } from '../../shared/core/result.ts';
import {
  type BuildHost,
  forgottenDomains,
  readRecord,
  restoreDomain,
} from '../../shared/domain/build/index.ts';
import { hasRun } from '../../toolstack-cli/testing/sim-host.ts';
import { type Bench, bench, must2, USERDATA, UUID } from './build-bench.ts';

/** A host with one VM that has run, and a store that knows nothing of it. */
async function forgetful(): Promise<Bench & { readonly renewed: BuildHost }> {
  const made = await bench();
  must2(await made.create({ cmdline: 'x'.repeat(3900) }));
  const renewed = { ...made.host, xenstore: made.emptyStore() };
  return { ...made, renewed: { ...renewed, domainControl: hasRun(made.host.domainControl) } };
}

async function restoreAll({ sim, renewed }: Awaited<ReturnType<typeof forgetful>>) {
  const forgotten = must(await sim.run(forgottenDomains(renewed)));
  const results = [];
  for (const info of forgotten) results.push(await sim.run(restoreDomain(renewed, info)));
  return { domids: forgotten.map((info) => info.domid), results };
}

describe('what a xenstored has forgotten', () => {
  it('is made again of dom0 and of our VM: the same nodes, rights and record', async () => {
    const machine = await forgetful();
    const { sim, renewed, tree, xenstore } = machine;
    const { domids, results } = await restoreAll(machine);
    expect(domids).toEqual([0, 1]);
    expect(results).toEqual([{ ok: true }, { ok: true }]);
    const own = (nodes: string[]) =>
      nodes.filter((node) => /\/(domain|libxl)\/1\b/.test(node) && !/start_time/.test(node));
    expect(own(await tree(renewed.xenstore))).toEqual(own(await tree()));
    expect(must(await sim.run(renewed.xenstore.isDomainIntroduced(domid(1))))).toBe(true);
    const record = await sim.run(readRecord(renewed.xenstore, domid(1)));
    expect(record).toEqual(await sim.run(readRecord(xenstore, domid(1))));
    expect(must(await sim.run(renewed.xenstore.readString('/local/domain/0/name')))).toBe(
      'Domain-0',
    );
    expect(must(await sim.run(forgottenDomains(renewed)))).toEqual([]);
  });

  it('is no record for a domain that xl made', async () => {
    const machine = await forgetful();
    machine.written.delete(`${USERDATA}/userdata-d.1.${UUID}.xtl`);
    expect((await restoreAll(machine)).results).toEqual([{ ok: true }, { ok: true }]);
    const record = await machine.sim.run(readRecord(machine.renewed.xenstore, domid(1)));
    expect(record).toMatchObject({ ok: false, error: { errno: 'ENOENT' } });
  });

  it.each([
    ['nothing', undefined, 'ENOENT'],
    ['no JSON', '{', 'EPROTO'],
    ['no object', '7', 'EOPNOTSUPP'],
    ['a PV guest', '{"c_info":{"type":"pv","name":"a"}}', 'EOPNOTSUPP'],
    ['no name', '{"c_info":{"type":"pvh"},"b_info":{"max_memkb":1}}', 'EPROTO'],
    ['no memory', '{"c_info":{"type":"pvh","name":"a"},"b_info":{"max_memkb":-1}}', 'EPROTO'],
  ])('stays forgotten where the file says %s', async (_, text, errno) => {
    const machine = await forgetful();
    const path = `${USERDATA}/userdata-d.1.${UUID}.libxl-json`;
    if (text === undefined) machine.written.delete(path);
    else machine.written.set(path, new TextEncoder().encode(`${text}\n\0`));
    const before = await machine.tree(machine.renewed.xenstore);
    const { results } = await restoreAll(machine);
    expect(results[1]).toMatchObject({ ok: false, error: { errno } });
    const after = await machine.tree(machine.renewed.xenstore);
    expect(after.filter((node) => node.includes('/1'))).toEqual(
      before.filter((node) => node.includes('/1')),
    );
  });
});
