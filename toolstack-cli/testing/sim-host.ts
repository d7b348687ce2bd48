/** A simulated machine for tests of commands: a hypervisor, a real store, and consoles by hand. */

import { attach } from '../../services/xenstored/attach.ts';
import { createStore, type Store } from '../../services/xenstored/core/store.ts';
import { createSimpleHost } from '../../services/xenstored/simple-host.ts';
import { VIRQ_DOM_EXC } from '../../shared/abi/xen.ts';
import { type Domid, domid } from '../../shared/core/ids.ts';
import { fail, must, ok } from '../../shared/core/result.ts';
import type { Builders } from '../../shared/domain/build/index.ts';
import { makeElf } from '../../shared/domain/image/fixtures.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { pipe } from '../../shared/platform/sim/pipe.ts';
import { createSim, type Sim, type SimOptions } from '../../shared/platform/sim/sim.ts';
import type { XenstoreTransport } from '../../shared/platform/xenstore.ts';
import { createXenstoreClient, type XenstoreClient } from '../../shared/xenstore/client.ts';
import type { Host, Pty } from '../host.ts';
import { type FakeContextOptions, fakeFiles, type Ran, runXtl } from './context.ts';
import { type FakePty, fakePty } from './pty.ts';

export interface Machine {
  readonly sim: Sim;
  readonly store: Store;
  /** dom0's own client, to look and to meddle. */
  readonly xenstore: XenstoreClient;
  readonly builders: Builders;
  /** Whether the lifecycle service runs. */
  readonly attended: { now: boolean };
  /** Whether the keeper does. */
  readonly kept: { now: boolean };
  /** As kill -9 does: what the command was building has no living builder any more. */
  killCommand(): void;
  /** Terminals by path, as xenconsoled would open them. */
  readonly ptys: Map<string, FakePty>;
  /** Files that were written. */
  readonly written: Map<string, Uint8Array>;
  /** What a command has of the machine, as its context would open it. */
  openHost(): Host;
  /** A connection to the store, for whoever makes a client of its own. */
  connectStore(): XenstoreTransport;
  /** A client of another store, which knows nothing: as when a xenstored was started anew. */
  emptyStore(): XenstoreClient;
  /** Runs `xtl WORDS...`, with the small files below in place, while virtual time passes. */
  xtl(line: string, options?: FakeContextOptions): Promise<Ran>;
  /** Starts it and goes on: for what the test must answer meanwhile. */
  start(line: string, options?: FakeContextOptions): Promise<Ran>;
}

function transportTo(store: Store, clock: Clock, seed: number): XenstoreTransport {
  const { client, server } = pipe({ clock, seed });
  attach(store, server, 'socket');
  return client;
}

/** Locks of consoles that are held. */
function lockIn(held: Set<Domid>): Host['lockConsole'] {
  return async (id) => {
    if (held.has(id)) return fail('EBUSY', 'process 99 (xenconsole) has it');
    held.add(id);
    return ok({ release: () => void held.delete(id) });
  };
}

/** One process builds at a time, that of the command; another acts on the end of VMs. */
function processes() {
  const attended = { now: false };
  const kept = { now: false };
  const service: Pick<Host, 'attend' | 'isAttended' | 'serve' | 'isKept'> = {
    attend: async () => {
      attended.now = true;
      return ok();
    },
    isAttended: () => attended.now,
    serve: async () => {
      kept.now = true;
      return ok();
    },
    isKept: () => kept.now,
  };
  let pid = 4321;
  const builders: Builders = {
    get self() {
      return { pid, startTicks: 98_765 };
    },
    isAlive: (builder) => builder.pid === pid,
  };
  return { builders, killCommand: () => void pid++, attended, kept, service };
}

const KERNEL = makeElf({});

export const FILES = {
  'vm.cfg': `name="web1"
type="pvh"
kernel="/boot/k"
memory=64
uuid="2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a"
`,
  'other.cfg': 'name="db"\ntype="pvh"\nkernel="/boot/k"\nmemory=32\nvcpus=2\n',
  '/boot/k': KERNEL,
  '/boot/initrd': new Uint8Array(80 << 20),
};

export async function simMachine(options: Partial<SimOptions> = {}): Promise<Machine> {
  const sim = createSim({ seed: 1, ...options });
  const host = createSimpleHost();
  const { domainControl, events, memory, clock } = sim.dom0;
  host.domainExists = (id) => domainControl.getInfo(domid(id)).ok;
  const store = createStore({ host });
  followDeaths();
  const emptyStore = (): XenstoreClient => {
    const other = createSimpleHost();
    other.domainExists = host.domainExists;
    return connect(3, createStore({ host: other }));
  };
  const xenstore = connect(1);
  must(await sim.run(xenstore.write('/local/domain/0/name', 'Domain-0')));
  const ptys = new Map<string, FakePty>();
  const consoles = new Set<Domid>();
  const { builders, killCommand, attended, kept, service } = processes();
  const written = new Map<string, Uint8Array>();
  let seed = 100;

  /** As xenstored does: on VIRQ_DOM_EXC it asks about every domain. */
  function followDeaths(): void {
    const port = must(events.bindVirq(VIRQ_DOM_EXC));
    events.listen(port, () => {
      events.unmask(port);
      store.checkDomains((id) => {
        const info = domainControl.getInfo(domid(id));
        if (!info.ok) return undefined;
        return { shutdown: info.value.shutdown !== undefined, dying: info.value.dying };
      });
      store.flush();
    });
  }

  function connect(seed: number, to = store): XenstoreClient {
    return createXenstoreClient(transportTo(to, clock, seed));
  }

  function openHost(): Host {
    return {
      domainControl,
      memory,
      clock,
      xenstore: connect(2),
      builders,
      files: fakeFiles(FILES, written),
      openPty: async (path) => {
        const pty: Pty | undefined = ptys.get(path);
        return pty === undefined ? fail('ENOENT', `cannot open ${path}: ENOENT`) : ok(pty);
      },
      lockConsole: lockIn(consoles),
      capture: async (name) => fail('ENODEV', `there is no network interface ${name}`),
      ...service,
      close: () => {},
    };
  }

  const start = (line: string, extra: FakeContextOptions = {}): Promise<Ran> =>
    runXtl(line.split(' '), { files: FILES, host: ok(openHost()), ...extra });
  const xtl = (line: string, extra?: FakeContextOptions) => sim.run(start(line, extra));
  return {
    ...{ sim, store, xenstore, ptys, written, emptyStore, start, xtl },
    ...{ builders, killCommand, attended, kept, openHost },
    connectStore: () => transportTo(store, clock, seed++),
  };
}

/** The simulation's domains use no processor time: here they did. */
export function hasRun(control: Host['domainControl']): Host['domainControl'] {
  return {
    ...control,
    listInfo: (first, max) => {
      const infos = control.listInfo(first, max);
      return infos.ok ? ok(infos.value.map((info) => ({ ...info, cpuTimeNs: 1n }))) : infos;
    },
  };
}

export { fakePty };
