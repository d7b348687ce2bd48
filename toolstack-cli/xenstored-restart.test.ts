/** `xtl xenstored restart` after a store was lost in each way, and where nothing is wrong. */

import { describe, expect, test } from 'vitest';
import { port } from '../shared/core/ids.ts';
import { fail, must, ok, type Result } from '../shared/core/result.ts';
import type { XenstoreClient } from '../shared/xenstore/client.ts';
import type { StoreServices } from './store-services.ts';
import { hasRun, type Machine, simMachine } from './testing/sim-host.ts';

interface Broken extends Machine {
  /** What the processes were asked for. */
  readonly asked: string[];
  /** The store that answers from now on. */
  readonly renewed: XenstoreClient;
  restart(words?: string, before?: Result<XenstoreClient>): ReturnType<Machine['xtl']>;
}

interface How {
  readonly consolesAreOlder?: boolean;
  /** Once it was started. */
  readonly after?: Result<XenstoreClient>;
}

const NOBODY = fail('ECONNREFUSED', 'nobody answers');

/** A host with the VM web1, whose store is gone or was started anew. */
async function broken(how: How = {}): Promise<Broken> {
  const machine = await simMachine();
  await machine.xtl('create vm.cfg -q');
  const renewed = machine.emptyStore();
  const asked: string[] = [];
  const noted = <T>(what: string, value: T): Result<T> => {
    asked.push(what);
    return ok(value);
  };
  let open = 0;
  let answers: Result<XenstoreClient> = NOBODY;
  const services: StoreServices = {
    stop: async () => noted('stop', undefined),
    start: async () => {
      answers = how.after ?? ok(renewed);
      return noted('start', '/xenstored');
    },
    connect: async () => {
      if (!answers.ok) return answers;
      open++;
      // The machine's own client outlives the command.
      return ok({ ...answers.value, close: () => void open-- });
    },
    consolesAreOlder: async () => how.consolesAreOlder === true,
    restartConsoles: async () => noted('consoles', true),
    noteLoss: async () => noted('note', undefined),
  };
  const { domainControl, memory, clock } = machine.sim.dom0;
  const storeDomainHost = {
    ...{ domainControl: hasRun(domainControl), memory, clock },
    builders: machine.builders,
    ...{ handOver: () => ok(port(7)), connect: async () => NOBODY },
  };
  const options = { storeDomainHost, storeServices: services, written: machine.written };
  return {
    ...machine,
    asked,
    renewed,
    restart: async (words = '', before = NOBODY) => {
      answers = before;
      const ran = await machine.xtl(`xenstored restart${words}`, options);
      // The process would not end with one that is open.
      expect(open).toBe(0);
      return ran;
    },
  };
}

const nameIn = ({ sim }: Machine, store: XenstoreClient, id = 1) =>
  sim.run(store.readString(`/local/domain/${id}/name`));

describe('xtl xenstored restart', () => {
  test('starts one where none answers, and has all known domains there again', async () => {
    const machine = await broken();
    const ran = await machine.restart();
    expect(ran).toMatchObject({ exit: 0, stdout: '' });
    expect(ran.stderr).toContain('hear nothing of xtl vm shutdown until they boot again');
    expect(machine.asked).toEqual(['stop', 'start', 'note', 'consoles']);
    expect(await nameIn(machine, machine.renewed)).toEqual(ok('web1'));
    expect(await nameIn(machine, machine.renewed, 0)).toEqual(ok('Domain-0'));
  });

  test('starts one where one takes connections and answers nothing', async () => {
    const machine = await broken();
    const mute = { ...machine.xenstore, directory: () => new Promise<never>(() => {}) };
    expect(await machine.restart('', ok({ ...mute, close: () => {} }))).toMatchObject({ exit: 0 });
    expect(machine.asked).toEqual(['stop', 'start', 'note', 'consoles']);
  });

  test('leaves alone one that was started anew by another, and restores', async () => {
    const machine = await broken();
    expect(await machine.restart('', ok(machine.renewed))).toMatchObject({ exit: 0 });
    expect(machine.asked).toEqual(['note', 'consoles']);
    expect(await nameIn(machine, machine.renewed)).toEqual(ok('web1'));
  });

  test('has only xenconsoled connected where that is all', async () => {
    const machine = await broken({ consolesAreOlder: true });
    expect(await machine.restart('', ok(machine.xenstore))).toMatchObject({ exit: 0 });
    expect(machine.asked).toEqual(['note', 'consoles']);
  });

  test('does nothing to one that answers and knows all, unless it is forced', async () => {
    const machine = await broken();
    const { exit, stderr } = await machine.restart('', ok(machine.xenstore));
    expect([exit, machine.asked]).toEqual([4, []]);
    expect(stderr).toContain('xenstored answers and knows all domains');
    must(await machine.sim.run(machine.xenstore.write('/mine', 'a\xffb')));
    must(await machine.sim.run(machine.xenstore.setPerms('/mine', [{ domid: 1, access: 'r' }])));
    const forced = await machine.restart(' --force', ok({ ...machine.xenstore, close: () => {} }));
    expect(forced).toMatchObject({ exit: 0 });
    expect(machine.asked).toEqual(['stop', 'start', 'note', 'consoles']);
    const { sim, renewed } = machine;
    expect(await nameIn(machine, renewed)).toEqual(ok('web1'));
    expect(must(await sim.run(renewed.readString('/mine')))).toBe('a\xffb');
    const perms = must(await sim.run(renewed.getPerms('/mine')));
    expect(perms).toEqual([{ domid: 1, access: 'r' }]);
  });

  test('names the domains that it cannot have back', async () => {
    const machine = await broken();
    for (const path of machine.written.keys()) machine.written.delete(path);
    const { exit, stderr } = await machine.restart();
    expect(exit).toBe(1);
    expect(stderr).toContain('xtl: xenstored runs, but domain 1 stays unknown (');
  });

  test('gives up on one that does not come up', async () => {
    const machine = await broken({ after: NOBODY });
    const { exit, stderr } = await machine.restart();
    expect(exit).toBe(7);
    expect(stderr).toContain('cannot restart xenstored: /xenstored: nobody answers');
  });

  test('cannot help where xenstore is a domain, but for one that is paused', async () => {
    const machine = await broken();
    const { domainControl } = machine.sim.dom0;
    const tables = { maxEvtchnPort: 9, maxGrantFrames: 4, maxMaptrackFrames: 4 };
    const config = { uuid: new Uint8Array(16), maxVcpus: 1, hap: true, xenstore: true };
    const store = must(domainControl.createDomain({ ...config, ...tables }));
    must(domainControl.maxVcpus(store, 1));
    const woken = await machine.restart();
    expect(woken).toMatchObject({ exit: 0 });
    expect(must(domainControl.getInfo(store)).paused).toBe(false);
    const { exit, stderr } = await machine.restart();
    expect([exit, machine.asked]).toEqual([4, []]);
    expect(stderr).toContain(`xenstore is served by domain ${store}, which nothing but a boot`);
  });
});
