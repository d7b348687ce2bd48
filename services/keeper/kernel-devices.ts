/**
 * Devices of dom0 that the kernel's drivers serve. The kernel gives every device to the first
 * driver that wants it, so that ours would get none once xen-blkback is there: it is told not to,
 * and each device of its own is given to it by name.
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

/** Whether a device of dom0 is for a back end of ours. */
export async function isOurs(
  { session }: Pick<KernelDevicesHost, 'session'>,
  kind: string,
  path: string,
): Promise<boolean> {
  if (kind === 'vif') {
    const server = await session.readString(`${path}/${VIF_SERVER_NODE}`);
    return server.ok && isOurVif(server.value);
  }
  if (kind !== 'vbd') return false;
  const script = await session.readString(`${path}/${SCRIPT_NODE}`);
  return script.ok && isOurScript(script.value);
}

/** Until the kernel has it, or nobody wants it for a while. */
async function give(host: KernelDevicesHost, kind: string, device: string): Promise<void> {
  const { bus, clock, log } = host;
  const end = clock.nowMs() + BIND_MS;
  let isLoaded = false;
  for (;;) {
    const state = bus.stateOf(device);
    if (state === 'bound') return;
    if (state === 'free') {
      if (!isLoaded) await bus.load(kind);
      isLoaded = true;
      bus.probe(device);
      if (bus.stateOf(device) === 'bound') return;
    }
    if (clock.nowMs() >= end) break;
    await clock.sleep(BIND_AGAIN_MS);
  }
  // Nobody may be meant to: QEMU serves some, and a device may be gone again.
  log(`${device}: no driver of the kernel has taken it`);
}

export interface KernelDevices {
  /** A device of dom0, of this kind, guest and number, is there, or was. */
  look(kind: string, frontend: string, device: string): Promise<void>;
}

export function keepKernelDevices(host: KernelDevicesHost): KernelDevices {
  /** Looked at, as long as they are there. */
  const known = new Set<string>();
  return {
    look: async (kind, frontend, device) => {
      if (!KINDS.includes(kind)) return;
      const path = `/local/domain/${DOM0}/backend/${kind}/${frontend}/${device}`;
      const there = await host.session.exists(`${path}/frontend`);
      if (!there.ok) return;
      const name = `${kind}-${frontend}-${device}`;
      if (!there.value) known.delete(name);
      else if (!known.has(name)) {
        known.add(name);
        if (!(await isOurs(host, kind, path))) await give(host, kind, name);
      }
    },
  };
}
