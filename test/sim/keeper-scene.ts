/** A keeper on the simulated host: its store, its log, a program and a bus that it keeps. */

import { keep } from '../../services/keeper/service.ts';
import type { Program } from '../../services/keeper/supervise.ts';
import { fail, must, ok } from '../../shared/core/result.ts';
import { openXenstoreSession } from '../../shared/xenstore/session.ts';
import { createSimXenstored } from './xenstored-host.ts';

/** A program that lives as long as it is told to. */
function createProgram(
  name: string,
): Program & { starts: number; end(how: string): void; other: boolean } {
  let ended: ((how: string) => void) | undefined;
  const program = {
    ...{ name, starts: 0, other: false },
    isRunning: () => ended !== undefined || program.other,
    run: () => {
      program.starts++;
      return new Promise<string>((resolve) => {
        ended = resolve;
      });
    },
    end: (how: string) => {
      const tell = ended;
      ended = undefined;
      tell?.(how);
    },
  };
  return program;
}

/** Devices of the kernel's, which its drivers take once they are loaded. */
function createBus() {
  const bus = {
    ...{ autoprobe: true, loaded: [] as string[], probed: [] as string[] },
    states: new Map<string, 'free' | 'bound'>(),
    setAutoprobe: (isOn: boolean) => {
      bus.autoprobe = isOn;
    },
    stateOf: (device: string) => bus.states.get(device) ?? 'none',
    probe: (device: string) => {
      bus.probed.push(device);
      const kind = device.slice(0, device.indexOf('-'));
      if (bus.loaded.includes(kind) && kind !== 'vscsi') bus.states.set(device, 'bound');
    },
    unbind: (device: string) => void bus.states.set(device, 'free'),
    load: async (kind: string) => void bus.loaded.push(kind),
  };
  return bus;
}

/** Interfaces of vifs, which can be held once they are there. */
function createLinks() {
  const links = {
    ...{ there: new Set<string>(), held: [] as string[] },
    holdLink: (vif: string) => {
      if (!links.there.has(vif)) return fail('ENODEV', `no device of ${vif}`);
      links.held.push(vif);
      return ok({ release: () => void links.held.splice(links.held.indexOf(vif), 1) });
    },
  };
  return links;
}

export async function open() {
  const host = createSimXenstored({ seed: 3 });
  must(host.daemon.start(undefined));
  const { sim } = host;
  const log: string[] = [];
  const blkback = createProgram('blkback');
  const netback = createProgram('netback');
  const links = createLinks();
  const bus = createBus();
  /** Whether the store answers who asks for lists. */
  const store = { answers: true };
  const start = () => {
    const { clock, grants } = sim.dom0;
    const connect = async () => ok(host.stream());
    const real = openXenstoreSession({ connect, clock, deadlineMs: 5000 });
    const directory = async (path: string) =>
      store.answers ? real.directory(path) : fail('ETIMEDOUT', 'no answer');
    const session = { ...real, directory };
    const report = (line: string) => void log.push(line);
    const backends = [
      { kind: 'vbd', program: blkback, isAwaited: false },
      { kind: 'vif', program: netback, isAwaited: false },
    ];
    const { holdLink } = links;
    return keep({ session, clock, grants, log: report, backends, bus, holdLink });
  };
  return { host, log, blkback, netback, links, bus, store, start, keeper: start() };
}

export type Scene = Awaited<ReturnType<typeof open>>;

export async function addDevice({ host }: Scene, self: number, frontend: number): Promise<string> {
  const path = `/local/domain/${self}/backend/vbd/${frontend}/51712`;
  must(await host.sim.run(host.tools.write(`${path}/frontend`, '/some/where')));
  await host.sim.advance(20);
  return path;
}

/** With a driver domain that the keeper has found. */
export async function openDriver() {
  const scene = await open();
  const { sim, tools } = scene.host;
  const driver = await scene.host.addGuest();
  must(await sim.run(tools.mkdir(`/local/domain/${driver.domid}/libxl`)));
  // Whoever makes a domain makes this directory before it is introduced.
  await scene.host.addGuest();
  await sim.advance(20);
  return { scene, driver };
}
