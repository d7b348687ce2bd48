/** `xtl xenstored start --stubdom` on a simulated host whose xenstore is yet to come. */

import { describe, expect, test } from 'vitest';
import { VIRQ_DOM_EXC } from '../shared/abi/xen.ts';
import { domid, port } from '../shared/core/ids.ts';
import { fail, must, ok, type Result } from '../shared/core/result.ts';
import type { StoreDomainHost } from '../shared/domain/build/index.ts';
import { entryNote, makeElf } from '../shared/domain/image/fixtures.ts';
import type { FallibleOp } from '../shared/platform/sim/sim.ts';
import { simMachine } from './testing/bundled.ts';
import type { Machine } from './testing/sim-host.ts';

const START = 'xenstored start --stubdom --kernel /store.xen';

const SMALL = 0x100000;
const FILES = {
  '/store.xen': makeElf({
    segments: [{ paddr: SMALL, bytes: new Uint8Array(100) }],
    notes: [entryNote(SMALL)],
  }),
  '/boot/k': makeElf(),
};
const STORE = domid(1);

/** What the kernel was asked to turn to. */
function hostOf(
  { sim, xenstore, builders }: Machine,
  turn: () => Result<ReturnType<typeof port>> = () => ok(port(7)),
): StoreDomainHost {
  const { domainControl, memory, clock } = sim.dom0;
  const client = { ...xenstore, close: () => {} };
  return {
    domainControl,
    memory,
    clock,
    builders,
    handOver: turn,
    connect: async () => ok(client),
  };
}

/** The n-th call of an operation that the start makes. */
const FAULTS: readonly [FallibleOp, number][] = [
  ['domainControl.listInfo', 1],
  ['domainControl.physInfo', 1],
  ['domainControl.createDomain', 1],
  ['domainControl.maxVcpus', 1],
  ['domainControl.allocUnbound', 2],
  ['domainControl.setMemoryMap', 1],
  ['domainControl.populatePhysmap', 1],
  ['memory.mapForeign', 1],
  ['memory.mapForeign', 5],
  ['memory.mapGrantTable', 1],
  ['domainControl.setHvmParam', 9],
  ['domainControl.getHvmContext', 1],
  ['domainControl.setHvmContext', 1],
  ['domainControl.setVirqHandler', 1],
];

/** All of a domain's low memory as text. */
function memoryText({ sim }: Machine, pages: number): string {
  const gfns = Array.from({ length: pages }, (_, i) => i);
  const region = must(sim.dom0.memory.mapForeign(STORE, gfns));
  const text = Buffer.from(region.bytes).toString('latin1');
  sim.dom0.memory.unmap(region);
  return text;
}

describe('the xenstore domain', () => {
  test('is made of 8 MiB, told its port, and registered once it answers', async () => {
    const machine = await simMachine();
    const handled: number[] = [];
    const host = hostOf(machine);
    const domainControl: StoreDomainHost['domainControl'] = {
      ...host.domainControl,
      setVirqHandler: (of, virq) => {
        handled.push(of, virq);
        return host.domainControl.setVirqHandler(of, virq);
      },
    };
    const options = { storeDomainHost: { ...host, domainControl }, files: FILES };
    const made = await machine.xtl(`${START} -- --quota nodes=5`, options);
    expect(made).toMatchObject({ exit: 0, stdout: '' });
    expect(made.stderr).toMatch(/xenstore is served by domain 1, answered after [\d.]+ ms\n$/);
    const info = must(machine.sim.dom0.domainControl.getInfo(STORE));
    expect(info).toMatchObject({ xsDomain: true, paused: false });
    expect(handled).toEqual([STORE, VIRQ_DOM_EXC]);
    expect(memoryText(machine, 2048)).toContain('\0--event 7 --quota nodes=5\0');
    const read = (path: string) => machine.sim.run(machine.xenstore.readString(path));
    expect(await read('/tool/xenstored/domid')).toEqual(ok('1'));
    expect(await read('/local/domain/1/name')).toEqual(ok('Xenstore'));
    expect(await read('/local/domain/1/memory/target')).toEqual(ok('8192'));
    expect(await read('/local/domain/1/console/type')).toEqual(ok('xenconsoled'));
  });

  test('is one: a second is refused, and the first stays', async () => {
    const machine = await simMachine();
    const options = { storeDomainHost: hostOf(machine), files: FILES };
    await machine.xtl(START, options);
    const second = await machine.xtl(START, options);
    expect(second.exit).toBe(4);
    expect(second.stderr).toContain('domain 1 is a xenstore domain already [step check]');
    expect(machine.sim.dom0.domainControl.getInfo(STORE).ok).toBe(true);
  });

  test('is gone again if the kernel does not turn to it', async () => {
    const machine = await simMachine();
    const before = must(machine.sim.dom0.domainControl.physInfo()).freePages;
    const refuse = () => fail('EEXIST', 'the kernel does not turn to another xenstored');
    const options = { storeDomainHost: hostOf(machine, refuse), files: FILES };
    const { exit, stderr } = await machine.xtl(START, options);
    expect(exit).toBe(4);
    expect(stderr).toContain('does not turn to another xenstored [step hand-over]');
    expect(machine.sim.dom0.domainControl.getInfo(STORE).ok).toBe(false);
    expect(must(machine.sim.dom0.domainControl.physInfo()).freePages).toBe(before);
  });

  test.each(FAULTS)('a failure of %s at call %i leaves the kernel as it is', async (op, nth) => {
    const machine = await simMachine();
    await machine.sim.settle();
    const baseline = machine.sim.baseline();
    let turns = 0;
    const turn = () => {
      turns++;
      return ok(port(7));
    };
    machine.sim.faults.fail(op, { nth });
    const options = { storeDomainHost: hostOf(machine, turn), files: FILES };
    expect((await machine.xtl(START, options)).exit).toBe(1);
    expect(turns).toBe(0);
    await machine.sim.settle();
    expect(machine.sim.leaks(baseline)).toEqual([]);
  });

  test('stays once the kernel has turned to it, even if it cannot be let run', async () => {
    const machine = await simMachine();
    machine.sim.faults.fail('domainControl.unpause', { nth: 1 });
    const options = { storeDomainHost: hostOf(machine), files: FILES };
    const { exit, stderr } = await machine.xtl(START, options);
    expect(exit).toBe(1);
    expect(stderr).toContain("dom0's kernel turned to domain 1, but it does not run: ");
    expect(machine.sim.dom0.domainControl.getInfo(STORE).ok).toBe(true);
  });

  test('is not destroyed once it runs, even if its nodes cannot be made', async () => {
    const machine = await simMachine();
    const connect = async () => fail('ETIMEDOUT', 'no xenstored answers');
    const options = { storeDomainHost: { ...hostOf(machine), connect }, files: FILES };
    const { exit, stderr } = await machine.xtl(START, options);
    expect(exit).toBe(7);
    expect(stderr).toContain('domain 1 runs, but its nodes are not made: no xenstored answers');
    expect(machine.sim.dom0.domainControl.getInfo(STORE).ok).toBe(true);
  });
});

test.each([
  ['xenstored start', 2, '--stubdom'],
  ['xenstored start --stubdom --memory lots', 2, "--memory is MiB, not 'lots'"],
  ['xenstored start --stubdom --kernel /none', 3, '/none'],
  ['xenstored start --stubdom', 3, 'npm run relink -- xenstored makes it'],
  ['xenstored start --stubdom --kernel /boot/k', 6, 'the kernel needs memory'],
  [START, 5, 'no Xen'],
])('%s: exit %d', async (line, exit, why) => {
  const machine = await simMachine();
  const ran = await machine.xtl(line, { files: FILES });
  expect(ran.exit).toBe(exit);
  expect(ran.stderr).toContain(why);
});
