/**
 * Devices of dom0 that the kernel's drivers serve. The kernel gives every device to the first
 * driver that wants it, so that ours would get none once xen-blkback is there: it is told not to,
 * and each device of its own is given to it by name. A disk that changes hands is taken from it, or
 * given to it, when its script has changed.
 */

import { DOM0 } from '../../shared/core/ids.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import {
  isOurScript,
  isOurVif,
  SCRIPT_NODE,
  VIF_SERVER_NODE,
} from '../../shared/xenbus/served-by.ts';
import type { XenstoreSession } from '../../shared/xenstore/session.ts';
import { BIND_AGAIN_MS, BIND_MS } from './limits.ts';

/** What Linux has of this below /sys/bus/xen-backend. */
export interface KernelBus {
  /** Whether devices get drivers without being asked; without effect where there is no such bus. */
  setAutoprobe(isOn: boolean): void;
  /** `none`: the kernel has not seen the device yet. */
  stateOf(device: string): 'none' | 'free' | 'bound';
  /** Gives it to whatever driver wants it, once that is loaded. */
  probe(device: string): void;
  /** Takes it from its driver. */
  unbind(device: string): void;
  /** Loads the driver of a kind of devices, as udev would. */
  load(kind: string): Promise<void>;
}

export interface KernelDevicesHost {
  readonly session: Pick<XenstoreSession, 'readString' | 'exists'>;
  readonly clock: Clock;
  readonly bus: KernelBus;
  log(line: string): void;
}

/** Kinds for which Linux has drivers (drivers/block, net, xen/xen-pciback, scsiback @ v6.12). */
const KINDS: readonly string[] = ['vbd', 'vif', 'pci', 'vscsi', 'vusb'];

type Owner = 'xtl' | 'kernel';

/** Whose a device of dom0 is. Undefined: the store does not say. */
async function ownerOf(
  { session }: Pick<KernelDevicesHost, 'session'>,
  kind: string,
  path: string,
): Promise<Owner | undefined> {
  if (kind !== 'vbd' && kind !== 'vif') return 'kernel';
  const [name, isOne] =
    kind === 'vif' ? ([VIF_SERVER_NODE, isOurVif] as const) : ([SCRIPT_NODE, isOurScript] as const);
  const told = await session.readString(`${path}/${name}`);
  if (!told.ok) return told.error.errno === 'ENOENT' ? 'kernel' : undefined;
  return isOne(told.value) ? 'xtl' : 'kernel';
}

/** Whether a device of dom0 is for a back end of ours. */
export async function isOurs(
  host: Pick<KernelDevicesHost, 'session'>,
  kind: string,
  path: string,
): Promise<boolean> {
  return (await ownerOf(host, kind, path)) === 'xtl';
}

/** Until the kernel has it, it is no more to have it, or nobody wants it for a while. */
async function give(
  host: KernelDevicesHost,
  kind: string,
  device: string,
  isWanted: () => boolean,
): Promise<void> {
  const { bus, clock, log } = host;
  const end = clock.nowMs() + BIND_MS;
  let isLoaded = false;
  for (;;) {
    if (!isWanted()) return;
    const state = bus.stateOf(device);
    if (state === 'bound') return;
    if (state === 'free') {
      if (!isLoaded) await bus.load(kind);
      isLoaded = true;
      if (!isWanted()) return;
      bus.probe(device);
      if (bus.stateOf(device) === 'bound') return;
    }
    if (clock.nowMs() >= end) break;
    await clock.sleep(BIND_AGAIN_MS);
  }
  // Nobody may be meant to: QEMU serves some, and a device may be gone again.
  log(`${device}: no driver of the kernel has taken it`);
}

/** Takes a disk of ours from the kernel: the first that there was, or one that was moved to us. */
function take({ bus, log }: KernelDevicesHost, device: string): void {
  if (bus.stateOf(device) !== 'bound') return;
  bus.unbind(device);
  log(`${device}: taken from the driver of the kernel`);
}

export interface KernelDevices {
  /**
   * A device of dom0, of this kind, guest and number, is there, or was. `isMoved`: who serves it
   * may be another one than before.
   */
  look(kind: string, frontend: string, device: string, isMoved: boolean): Promise<void>;
}

export function keepKernelDevices(host: KernelDevicesHost): KernelDevices {
  /** Whose those are that are there; undefined while it is found out. */
  const known = new Map<string, Owner | undefined>();
  return {
    look: async (kind, frontend, device, isMoved) => {
      if (!KINDS.includes(kind)) return;
      const path = `/local/domain/${DOM0}/backend/${kind}/${frontend}/${device}`;
      const there = await host.session.exists(`${path}/frontend`);
      if (!there.ok) return;
      const name = `${kind}-${frontend}-${device}`;
      if (!there.value) {
        known.delete(name);
        return;
      }
      if (known.has(name) && !isMoved) return;
      if (!known.has(name)) known.set(name, undefined);
      const owner = await ownerOf(host, kind, path);
      // With the next event.
      if (owner === undefined && known.get(name) === undefined) known.delete(name);
      if (owner === undefined || owner === known.get(name)) return;
      known.set(name, owner);
      if (owner === 'xtl') take(host, name);
      else await give(host, kind, name, () => known.get(name) === 'kernel');
    },
  };
}
