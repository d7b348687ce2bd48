/** What `xtl doctor` looks at on a Linux host. */

import { closeSync, constants, openSync, readdirSync, readFileSync } from 'node:fs';
import { ok, type Result } from '../../shared/core/result.ts';
import { openUnix, type UnixPlatform } from '../../shared/platform/unix/platform.ts';
import { connectXenstore } from '../../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient } from '../../shared/xenstore/client.ts';
import type { Probes } from '../commands/doctor-checks.ts';

/** Xen and xenstored are asked apart: what is wrong with one shall not hide the other. */
export function unixProbes(): Probes {
  let platform: Result<UnixPlatform> | undefined;
  const open = (): Result<UnixPlatform> => {
    platform ??= openUnix();
    return platform;
  };
  return {
    hypervisorType: () => readText('/sys/hypervisor/type'),
    capabilities: () => readText('/proc/xen/capabilities'),
    userId: () => process.getuid?.() ?? -1,
    device,
    kernelModule: (name) => modules().has(name.replaceAll('-', '_')),
    process: isRunning,
    xenVersion: () => {
      const opened = open();
      return opened.ok ? opened.value.domainControl.version() : opened;
    },
    physInfo: () => {
      const opened = open();
      return opened.ok ? opened.value.domainControl.physInfo() : opened;
    },
    xenstore: askStore,
    close: () => {
      if (platform?.ok) platform.value.close();
    },
  };
}

async function askStore(): Promise<Result<void>> {
  const transport = await connectXenstore();
  if (!transport.ok) return transport;
  const client = createXenstoreClient(transport.value);
  const root = await client.directory('/');
  client.close();
  return root.ok ? ok() : root;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function device(path: string): 'ok' | 'missing' | 'denied' {
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
    return 'ok';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENODEV' || code === 'ENXIO' ? 'missing' : 'denied';
  }
}

/** Loaded modules, and those that are part of the kernel: both have a folder in /sys/module. */
function modules(): ReadonlySet<string> {
  try {
    return new Set(readdirSync('/sys/module'));
  } catch {
    return new Set();
  }
}

/** The kernel cuts names in `comm` to 15 characters. */
function isRunning(name: string): boolean {
  return readdirSync('/proc')
    .filter((entry) => /^[0-9]+$/.test(entry))
    .some((pid) => readText(`/proc/${pid}/comm`) === name.slice(0, 15));
}
