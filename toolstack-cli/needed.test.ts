/** Domains that others cannot do without: refused by name, or taken all the same. */

import { describe, expect, test } from 'vitest';
import { type Domid, domid } from '../shared/core/ids.ts';
import { must } from '../shared/core/result.ts';
import { type Machine, simMachine } from './testing/sim-host.ts';

const VERBS = ['destroy', 'pause', 'shutdown'] as const;
const WORDS = { destroy: 'destroy', pause: 'pause', shutdown: 'shut down' };

async function write(machine: Machine, nodes: Readonly<Record<string, string>>): Promise<void> {
  const all = Object.entries(nodes).map(([path, value]) => ({ path, value }));
  must(await machine.sim.run(machine.xenstore.writeAll(all)));
}

/** web1, domain 1, with a vif that domain 2, netvm, serves. */
async function withDriverDomain(): Promise<Machine> {
  const machine = await simMachine();
  await machine.xtl('create vm.cfg -q');
  const driver = machine.sim.addGuest();
  expect(driver).toBe(2);
  await write(machine, {
    '/local/domain/2/name': 'netvm',
    '/libxl/1/device/vif/0/backend': '/local/domain/2/backend/vif/1/0',
    '/local/domain/2/backend/vif/1/0/state': '4',
  });
  return machine;
}

function stateOf({ sim }: Machine, id: Domid) {
  const info = sim.dom0.domainControl.getInfo(id);
  return info.ok ? { paused: info.value.paused, dying: info.value.dying } : 'gone';
}

describe.each(VERBS)('%s', (verb) => {
  test('is refused for a driver domain in use, which names who uses what', async () => {
    const machine = await withDriverDomain();
    const before = stateOf(machine, domid(2));
    expect(await machine.xtl(`vm ${verb} netvm`)).toEqual({
      exit: 4,
      stdout: '',
      stderr:
        `xtl: cannot ${WORDS[verb]} 'netvm': it serves web1 (vif); ` +
        '--force does it all the same\n',
    });
    expect(stateOf(machine, domid(2))).toEqual(before);
  });

  test('is done by --force', async () => {
    const machine = await withDriverDomain();
    expect(await machine.xtl(`vm ${verb} netvm --force`)).toMatchObject({ exit: 0 });
  });

  test.each([
    ['closed', { '/local/domain/2/backend/vif/1/0/state': '6' }],
    ['served by another', { '/libxl/1/device/vif/0/backend': '/local/domain/0/backend/vif/1/0' }],
  ])('is done to a driver domain whose back end is %s', async (_, nodes) => {
    const machine = await withDriverDomain();
    await write(machine, nodes);
    expect(await machine.xtl(`vm ${verb} netvm`)).toMatchObject({ exit: 0 });
  });

  test('is done to a driver domain whose guest has ended', async () => {
    const machine = await withDriverDomain();
    machine.sim.domain(domid(1)).shutdown('crash');
    expect(await machine.xtl(`vm ${verb} netvm`)).toMatchObject({ exit: 0 });
  });

  test('is done to a driver domain that has crashed', async () => {
    const machine = await withDriverDomain();
    machine.sim.domain(domid(2)).shutdown('crash');
    expect(await machine.xtl(`vm ${verb} netvm`)).toMatchObject({ exit: 0 });
  });

  test('is refused for the domain of the consoles, until it is forced', async () => {
    const machine = await withDriverDomain();
    await write(machine, {
      '/tool/xenconsoled/domid': '2',
      '/libxl/1/device/vif/0/backend': '',
    });
    const ran = await machine.xtl(`vm ${verb} netvm`);
    expect(ran).toMatchObject({ exit: 4 });
    expect(ran.stderr).toContain("'netvm': it serves all consoles; --force");
    expect(await machine.xtl(`vm ${verb} netvm --force`)).toMatchObject({ exit: 0 });
  });

  test.each(['', ' --force'])('is refused for the xenstore domain%s', async (force) => {
    const machine = await simMachine();
    const store = must(
      machine.sim.dom0.domainControl.createDomain({
        ...{ uuid: new Uint8Array(16), maxVcpus: 1, hap: true, xenstore: true },
        ...{ maxEvtchnPort: 9, maxGrantFrames: 4, maxMaptrackFrames: 4 },
      }),
    );
    must(machine.sim.dom0.domainControl.maxVcpus(store, 1));
    must(machine.sim.dom0.domainControl.unpause(store));
    await write(machine, { [`/local/domain/${store}/name`]: 'Xenstore' });
    const before = stateOf(machine, store);
    const ran = await machine.xtl(`vm ${verb} ${store}${force}`);
    expect(ran).toMatchObject({ exit: 4 });
    expect(ran.stderr).toBe(
      `xtl: cannot ${WORDS[verb]} 'Xenstore': it serves xenstore, ` +
        'which nothing but a boot of the host starts again\n',
    );
    expect(stateOf(machine, store)).toEqual(before);
  });

  test('is refused for domain 0, forced or not', async () => {
    const machine = await simMachine();
    expect(await machine.xtl(`vm ${verb} 0 --force`)).toMatchObject({
      exit: 4,
      stderr: `xtl: cannot ${WORDS[verb]} domain 0: it is the host\n`,
    });
  });
});
