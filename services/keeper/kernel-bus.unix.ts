/** The kernel's bus of back ends, in sysfs (drivers/xen/xenbus @ v6.12). */

import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import type { KernelBus } from './kernel-devices.ts';

const BUS = '/sys/bus/xen-backend';

/** What is not there, or refuses, is found out by looking at the device. */
function tell(file: string, text: string): void {
  try {
    writeFileSync(`${BUS}/${file}`, text);
  } catch {
    // A kernel without such devices, or without a driver for this one.
  }
}

export function kernelBus(): KernelBus {
  return {
    setAutoprobe: (isOn) => tell('drivers_autoprobe', isOn ? '1' : '0'),
    stateOf: (device) => {
      const path = `${BUS}/devices/${device}`;
      if (!existsSync(path)) return 'none';
      return existsSync(`${path}/driver`) ? 'bound' : 'free';
    },
    probe: (device) => tell('drivers_probe', device),
    unbind: (device) => tell(`devices/${device}/driver/unbind`, device),
    load: (kind) =>
      new Promise((resolve) => {
        const child = spawn('modprobe', ['-q', `xen-backend:${kind}`], { stdio: 'ignore' });
        child.on('error', () => resolve());
        child.on('exit', () => resolve());
      }),
  };
}
