/** The plan that ends a domain, ours or xl's, and leaves nothing of it. */

import { DOM0, type Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Nodes } from '../../xenstore/nodes.ts';
import { closeBackend, DESTROY_TIMEOUT_MS, type Device, findDevices } from './devices.ts';
import type { BuildHost } from './host.ts';
import { hostNeeds } from './needed.ts';
import { consoleBackendPath, domainPath, libxlPath } from './nodes.ts';
import type { Plan, Step } from './plan.ts';
import { forgetDriver } from './record.ts';
import { pruneBackends, removeAll, removeHome } from './store.ts';
import { forgetDomain } from './userdata.ts';
import { disconnectVif, hookedVif } from './vif-script.ts';

export interface DestroyState {
  readonly host: BuildHost;
  devices: readonly Device[];
  paths: readonly string[];
}

type DestroyStep = Step<DestroyState>;

/** `keepsBackends`: what it serves stays, since it comes again under its number. */
export function planDestroy(domid: Domid, keepsBackends = false): Plan<DestroyState> {
  return {
    name: `destroy ${domid}`,
    steps: [
      findStep(domid),
      pauseStep(domid),
      domainStep(domid, keepsBackends),
      devicesStep(domid),
      nodesStep(domid, keepsBackends),
      configStep(domid),
    ],
  };
}

export function newDestroyState(host: BuildHost): DestroyState {
  return { host, devices: [], paths: [] };
}

function findStep(domid: Domid): DestroyStep {
  return {
    id: 'find',
    title: `find what belongs to domain ${domid}`,
    run: async (state) => {
      const { host } = state;
      const info = host.domainControl.getInfo(domid);
      if (!info.ok) return info;
      const need = hostNeeds(info.value);
      if (need !== undefined) return fail('EPERM', `domain ${domid}: ${need.why}`);
      const model = await host.xenstore.read(`${domainPath(domid)}/image/device-model-pid`);
      if (model.ok) {
        return fail('EOPNOTSUPP', `domain ${domid} has a device model, which only xl can end`);
      }
      const devices = await findDevices(host.xenstore, domid);
      if (!devices.ok) return devices;
      state.devices = devices.value;
      state.paths = await pathsOf(host.xenstore, domid, devices.value);
      return ok();
    },
  };
}

async function pathsOf(
  store: Nodes,
  domid: Domid,
  devices: readonly Device[],
): Promise<readonly string[]> {
  const vm = await store.readString(`${domainPath(domid)}/vm`);
  const parents = devices.map(({ backend }) => backend.slice(0, backend.lastIndexOf('/')));
  return [
    ...devices.map(({ backend }) => backend),
    // The directory of this domain below each kind of back end: empty once its devices are gone.
    ...new Set(parents),
    consoleBackendPath(DOM0, domid),
    ...(vm.ok && /^\/vm\/[0-9a-f-]{36}$/.test(vm.value) ? [vm.value] : []),
    domainPath(domid),
    libxlPath(domid),
  ];
}

function pauseStep(domid: Domid): DestroyStep {
  return {
    id: 'pause',
    title: 'stop its vCPUs',
    run: ({ host }) => host.domainControl.pause(domid),
  };
}

function devicesStep(domid: Domid): DestroyStep {
  return {
    id: 'devices',
    title: 'have its back ends let go',
    run: async (state) => {
      const { host } = state;
      const closing = state.devices.filter(({ kind }) => kind !== 'console');
      // Within limits: one that is stuck is removed anyway.
      await Promise.all(closing.map(({ backend }) => closeDevice(host, domid, backend)));
      const hooked = closing.flatMap(({ backend: back }) => hookedVif(domid, back));
      await Promise.all(hooked.map((vif) => disconnectVif(host, vif)));
      return ok();
    },
  };
}

/**
 * The frontend goes first: a back end of the kernel's looks at nothing else, and lets go when it is
 * gone (libxl__initiate_device_generic_remove with `force`, libxl_device.c @ RELEASE-4.17.0;
 * frontend_changed of xen-blkback @ v6.12). Then it has time to, before its own nodes go.
 */
function closeDevice(host: BuildHost, domid: Domid, backend: string): Promise<Result<void>> {
  const [kind, , number] = backend.split('/').slice(-3);
  const front = `${domainPath(domid)}/device/${kind}/${number}`;
  return closeBackend(host, backend, DESTROY_TIMEOUT_MS, (tx) => removeAll(tx, [front]));
}

function domainStep(domid: Domid, keepsBackends: boolean): DestroyStep {
  return {
    id: 'domain',
    title: 'give its memory back',
    run: async ({ host }) => {
      // Before its end: whoever sees that would have it come again.
      const forgotten = keepsBackends ? ok() : await forgetDriver(host.xenstore, domid);
      return forgotten.ok ? host.domainControl.destroyDomain(domid) : forgotten;
    },
  };
}

/** Last: libxl locks and writes these files only of domains that are there. */
function configStep(domid: Domid): DestroyStep {
  return {
    id: 'config',
    title: 'remove what was kept of it for xl',
    run: ({ host }) => forgetDomain(host.files, domid),
  };
}

function nodesStep(domid: Domid, keepsBackends: boolean): DestroyStep {
  return {
    id: 'nodes',
    title: 'remove its nodes from xenstore',
    run: (state) =>
      state.host.xenstore.transaction(async (tx) => {
        const home = domainPath(domid);
        const paths = state.paths.filter((path) => !keepsBackends || path !== home);
        const removed = await removeAll(tx, paths);
        if (!removed.ok) return removed;
        const kept = keepsBackends ? await removeHome(tx, domid) : ok();
        return kept.ok ? pruneBackends(tx, state.paths) : kept;
      }),
  };
}
