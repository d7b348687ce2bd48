/**
 * A VM's disks in xenstore (device_disk_add in libxl_disk.c @ RELEASE-4.17.0), and their back ends,
 * which must be there before the VM runs.
 */

import { XenbusStateInitialising, XenbusStateInitWait } from '../../abi/xenbus.ts';
import { DOM0, type Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { VmDisk } from '../spec/vm-spec.ts';
import { type CreateStep, id, type Prepared } from './create-state.ts';
import type { BuildHost } from './host.ts';
import { domainPath, libxlPath, type StoreNode } from './nodes.ts';
import { pruneBackends, withPermissions } from './store.ts';

const INITIALISING = String(XenbusStateInitialising);
const INIT_WAIT = String(XenbusStateInitWait);

/** libxl_internal.h @ RELEASE-4.17.0: LIBXL_INIT_TIMEOUT. */
const BACKEND_TIMEOUT_MS = 10_000;

const backendsPath = (domid: number): string => `${domainPath(DOM0)}/backend/vbd/${domid}`;
const backendPath = (domid: number, { device }: VmDisk): string =>
  `${backendsPath(domid)}/${device}`;

function nodesOf(domid: number, disk: VmDisk): StoreNode[] {
  const { device, target, vdev, isWritable, isCdrom, isDirectIoSafe, discard, trusted } = disk;
  const front = `${domainPath(domid)}/device/vbd/${device}`;
  const back = backendPath(domid, disk);
  const kept = `${libxlPath(domid)}/device/vbd/${device}`;
  const type = isCdrom ? 'cdrom' : 'disk';
  const backNodes: readonly (readonly [string, string])[] = [
    ['frontend', front],
    ['params', target],
    ['frontend-id', String(domid)],
    ['online', '1'],
    ['removable', isCdrom ? '1' : '0'],
    ['bootable', '1'],
    ['state', INITIALISING],
    ['dev', vdev],
    ['type', 'phy'],
    ['mode', isWritable ? 'w' : 'r'],
    ['device-type', type],
    ...(isDirectIoSafe ? [['direct-io-safe', '1'] as const] : []),
    ['discard-enable', discard === false ? '0' : '1'],
    ['specification', 'xen'],
  ];
  const frontNodes: readonly (readonly [string, string])[] = [
    ['backend', back],
    ['backend-id', String(DOM0)],
    ['state', INITIALISING],
    ['virtual-device', String(device)],
    ['device-type', type],
    ['trusted', trusted === false ? '0' : '1'],
  ];
  const below = (top: string, nodes: readonly (readonly [string, string])[]): StoreNode[] =>
    nodes.map(([name, value]) => ({ path: `${top}/${name}`, value, access: 'inherited' }));
  return [
    { path: kept, value: '', access: 'private' },
    ...below(kept, [['frontend', front], ['backend', back], ...backNodes.slice(1)]),
    { path: front, value: '', access: 'guest-owns' },
    ...below(front, frontNodes),
    { path: back, value: '', access: 'guest-reads' },
    ...below(back, backNodes),
  ];
}

/** What the back end says of its failure, where Linux's say it, too. */
async function errorOf({ xenstore }: BuildHost, back: string): Promise<string | undefined> {
  const [, , , self, ...rest] = back.split('/');
  const said = await xenstore.readString(`/local/domain/${self}/error/${rest.join('/')}/error`);
  return said.ok ? said.value : undefined;
}

/** Until the back end has what is behind the disk. */
async function waitForBackend(host: BuildHost, domid: Domid, disk: VmDisk): Promise<Result<void>> {
  const back = backendPath(domid, disk);
  const watch = await host.xenstore.watch(`${back}/state`);
  if (!watch.ok) return watch;
  let isLate = false;
  const cancel = host.clock.after(BACKEND_TIMEOUT_MS, () => {
    isLate = true;
    void watch.value.return();
  });
  try {
    for await (const _ of watch.value) {
      const state = await host.xenstore.readString(`${back}/state`);
      if (!state.ok) return state;
      if (state.value === INIT_WAIT) return ok();
    }
  } finally {
    cancel();
  }
  if (!isLate) return fail('ENOTCONN', `disk ${disk.vdev}: the store is gone`);
  const why = await errorOf(host, back);
  const what = `disk ${disk.vdev}, ${disk.target}`;
  return why === undefined
    ? fail('ETIMEDOUT', `${what}: no back end serves it`)
    : fail('EIO', `${what}: ${why}`);
}

export function disksStep({ spec: { disks = [] } }: Prepared): CreateStep {
  const names = disks.map(({ vdev }) => vdev).join(', ');
  return {
    id: 'disks',
    title: `connect its disks: ${names}`,
    run: async (state) => {
      const { host } = state;
      const domid = id(state);
      const nodes = disks.flatMap((disk) => nodesOf(domid, disk));
      const list = withPermissions(nodes, domid, DOM0);
      const made = await host.xenstore.transaction((tx) => tx.writeAll(list));
      if (!made.ok) return made;
      const served = (await host.serveDisks?.()) ?? ok();
      if (!served.ok) return served;
      const all = await Promise.all(disks.map((disk) => waitForBackend(host, domid, disk)));
      return all.find((each) => !each.ok) ?? ok();
    },
    undo: async (state) => {
      const { domid } = state;
      if (domid === undefined) return ok();
      const all = backendsPath(domid);
      return state.host.xenstore.transaction(async (tx) => {
        const removed = await tx.rm(all);
        if (!removed.ok && removed.error.errno !== 'ENOENT') return removed;
        return pruneBackends(tx, [all]);
      });
    },
  };
}
