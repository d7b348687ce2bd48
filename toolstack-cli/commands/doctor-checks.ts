/**
 * The checks of `xtl doctor`: what was found becomes a verdict and, if bad, what to do about it.
 */

import type { Result } from '../../shared/core/result.ts';
import type { PhysInfo, XenVersion } from '../../shared/platform/domain-control.ts';
import { bad, type Check, ok, warn } from './doctor-check.ts';
import { type StoreProbes, storeChecks } from './doctor-store.ts';

/** What doctor looks at; each answers for itself, and none throws. */
export interface Probes extends StoreProbes {
  /** Of /sys/hypervisor/type; undefined if there is no such file. */
  hypervisorType(): string | undefined;
  /** Of /proc/xen/capabilities; undefined if there is no such file. */
  capabilities(): string | undefined;
  userId(): number;
  /** Whether a device can be opened for reading and writing. */
  device(path: string): 'ok' | 'missing' | 'denied';
  /** Loaded or built in. */
  kernelModule(name: string): boolean;
  /** Whether a process of that name runs. */
  process(name: string): boolean;
  xenVersion(): Result<XenVersion>;
  physInfo(): Result<PhysInfo>;
  close(): void;
}

/** Devices, and the kernel module that makes each. */
const DEVICES = [
  ['/dev/xen/privcmd', 'xen-privcmd'],
  ['/dev/xen/evtchn', 'xen-evtchn'],
  ['/dev/xen/gntdev', 'xen-gntdev'],
  ['/dev/xen/gntalloc', 'xen-gntalloc'],
  ['/dev/xen/xenbus', 'xenfs'],
] as const;

/** Back ends of Linux: needed by VMs with disks and interfaces. */
const BACKENDS = [
  ['xen-blkback', 'disks'],
  ['xen-netback', 'network interfaces'],
] as const;

/** Versions that this xtl was tested on (test/abi, test/lab). */
const TESTED = ['4.17', '4.18', '4.19', '4.20'];

const LOW_MEMORY_MIB = 128;
const PAGES_PER_MIB = 256;

export async function runChecks(probes: Probes): Promise<readonly Check[]> {
  const host = [xen(probes), privilege(probes)];
  if (host.some(({ status }) => status === 'fail')) return host;
  return [
    ...host,
    ...DEVICES.map(([path, module]) => device(probes, path, module)),
    version(probes.xenVersion()),
    ...machine(probes.physInfo()),
    ...(await storeChecks(probes)),
    ...BACKENDS.map(([module, what]) => backend(probes, module, what)),
  ];
}

function xen(probes: Probes): Check {
  if (probes.hypervisorType() !== 'xen') {
    return bad('Xen', 'this kernel does not run on Xen', 'boot Xen from the boot menu');
  }
  const capabilities = probes.capabilities();
  if (capabilities === undefined) {
    const advice = 'mount -t xenfs xenfs /proc/xen';
    return bad('Xen', '/proc/xen is not mounted', advice);
  }
  if (!capabilities.includes('control_d')) {
    return bad('Xen', 'this is a guest, not the control domain', 'run xtl in domain 0');
  }
  return ok('Xen', 'this is the control domain');
}

function privilege(probes: Probes): Check {
  if (probes.userId() === 0) return ok('privilege', 'root');
  return bad('privilege', `user ${probes.userId()} is not root`, 'run xtl by sudo');
}

function device(probes: Probes, path: string, module: string): Check {
  const state = probes.device(path);
  if (state === 'ok') return ok(path, 'opens');
  if (state === 'missing') return bad(path, 'is missing', `modprobe ${module}`);
  return bad(path, 'cannot be opened', 'run xtl by sudo');
}

function version(found: Result<XenVersion>): Check {
  if (!found.ok) return bad('hypervisor', found.error.what, 'see whether xl info works');
  const { major, minor, extra, domctl } = found.value;
  const text = `Xen ${major}.${minor}${extra}, domctl version 0x${domctl.toString(16)}`;
  if (TESTED.includes(`${major}.${minor}`)) return ok('hypervisor', text);
  const advice = `xtl knows Xen ${TESTED[0]} to ${TESTED.at(-1)}`;
  return warn('hypervisor', text, advice);
}

function machine(found: Result<PhysInfo>): readonly Check[] {
  if (!found.ok) return [bad('machine', found.error.what, 'see whether xl info works')];
  const { hvm, hap, freePages, totalPages } = found.value;
  const mib = (pages: number): number => Math.floor(pages / PAGES_PER_MIB);
  const memory = `${mib(freePages)} MiB of ${mib(totalPages)} MiB are free`;
  return [
    !hvm
      ? bad('virtualisation', 'the processor offers none', 'switch on VT-x or SVM in the BIOS')
      : hap
        ? ok('virtualisation', 'with nested paging')
        : warn('virtualisation', 'without nested paging', 'VMs will be slow'),
    mib(freePages) < LOW_MEMORY_MIB
      ? warn('memory', memory, 'give domain 0 less by dom0_mem= on the command line of Xen')
      : ok('memory', memory),
  ];
}

function backend(probes: Probes, module: string, what: string): Check {
  if (probes.kernelModule(module)) return ok(module, 'is there');
  return warn(module, `is not loaded: domain 0 serves no ${what}`, `modprobe ${module}`);
}
