/** What a VM shall be, as pure data: read from a configuration, consumed by the build plan. */

import type { VifRate } from './vif-rate.ts';
import type { VifServer } from './vif-spec.ts';

/** What becomes of a domain that has shut down, by xl's names (xl_parse.c @ RELEASE-4.17.0). */
export const SHUTDOWN_ACTIONS = [
  'destroy',
  'restart',
  'rename-restart',
  'preserve',
  'coredump-destroy',
  'coredump-restart',
  'soft-reset',
] as const;

export type ShutdownAction = (typeof SHUTDOWN_ACTIONS)[number];

/** A disk: a raw image or a block device of this host, or what a driver domain calls one. */
export interface VmDisk {
  /**
   * What is behind it, as nbd/target.ts reads it; UTF-8, a byte a character. Empty for a drive
   * without a medium. In a driver domain a word of its own.
   */
  readonly target: string;
  /** The driver domain that serves it, by name or number; absent: dom0. */
  readonly backend?: string;
  /** As the guest calls it: `xvda`; and its number. */
  readonly vdev: string;
  readonly device: number;
  readonly isWritable: boolean;
  readonly isCdrom: boolean;
  readonly isDirectIoSafe: boolean;
  readonly discard?: boolean;
  readonly trusted?: boolean;
}

/** A network interface. Texts are UTF-8, a byte a character. */
export interface VmVif {
  /** Its index among those of the VM. */
  readonly devid: number;
  /** Six pairs of lower-case digits with colons; absent: the builder makes one. */
  readonly mac?: string;
  /** In the domain that serves it; empty: the script finds one; absent: xenbr0. */
  readonly bridge?: string;
  /** The interface of the host that a script routes it by. */
  readonly gatewaydev?: string;
  /** Addresses for the script, with spaces between them. */
  readonly ip?: string;
  /** What it is called in the domain that serves it; absent: `vifDOMID.DEVID`. */
  readonly vifname?: string;
  /** A path, or a name in /etc/xen/scripts; absent: vif-bridge. */
  readonly script?: string;
  /** The driver domain that serves it, by name or number; absent: dom0. */
  readonly backend?: string;
  /** Who in dom0 serves it; absent: as xtl chooses. */
  readonly server?: VifServer;
  readonly rate?: VifRate;
  /** Absent: that of the bridge. */
  readonly mtu?: number;
  /** For the script. */
  readonly vlan?: string;
  readonly trusted?: boolean;
}

export interface VmSpec {
  /** As in xenstore: UTF-8, a byte a character; not empty, without `/` and control characters. */
  readonly name: string;
  /** Lower-case, 36 characters. Absent: the builder makes one. */
  readonly uuid?: string;
  readonly type: 'pvh';
  /** A path on this host. */
  readonly kernel: string;
  /** A path on this host. */
  readonly ramdisk?: string;
  /** UTF-8, a byte a character; may be empty. */
  readonly cmdline: string;
  /** What the guest starts with; whole MiB, at most `maxmemKib`. */
  readonly memoryKib: number;
  /** What was asked for to grow to: the builder gives `memoryKib`. */
  readonly maxmemKib: number;
  /** vCPUs online at start, 1 to `maxvcpus`. */
  readonly vcpus: number;
  /** 1 to HVM_MAX_VCPUS (128). */
  readonly maxvcpus: number;
  /** Serves devices to others; absent: does not. Its end is none for those whom it serves. */
  readonly isDriverDomain?: true;
  /** Absent: none. */
  readonly disks?: readonly VmDisk[];
  /** Absent: none. */
  readonly vifs?: readonly VmVif[];
  readonly onPoweroff: ShutdownAction;
  readonly onReboot: ShutdownAction;
  readonly onCrash: ShutdownAction;
  readonly onWatchdog: ShutdownAction;
  readonly onSoftReset: ShutdownAction;
  /** The configuration as read, overrides appended: kept as a record of how the VM came to be. */
  readonly configText: string;
}
