/** What `xtl doctor` looks at on a Linux host. */

import { closeSync, constants, existsSync, openSync, readdirSync } from 'node:fs';
import { ok, type Result } from '../../shared/core/result.ts';
import { forgottenDomains, listDomains, STORE_LOSS_MARK } from '../../shared/domain/build/index.ts';
import type { DomainInfo } from '../../shared/platform/domain-control.ts';
import { clock } from '../../shared/platform/unix/clock.ts';
import { openUnix, type UnixPlatform } from '../../shared/platform/unix/platform.ts';
import {
  connectSocket,
  connectXenstore,
  xenstoreSocketPath,
} from '../../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient, type XenstoreClient } from '../../shared/xenstore/client.ts';
import { onceItAnswers } from '../answers.ts';
import type { Probes } from '../commands/doctor-checks.ts';
import type { StoreAnswer } from '../commands/doctor-store.ts';
import { isOurs } from '../commands/store-kind.ts';
import { consolesAreOlder, processesNamed, readText } from './processes.ts';

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
    process: (name) => processesNamed(name).length > 0,
    storeDomain: () => storeDomain(open()),
    consolesAreOlder,
    kernelLostWatches: () => existsSync(STORE_LOSS_MARK),
    xenVersion: () => {
      const opened = open();
      return opened.ok ? opened.value.domainControl.version() : opened;
    },
    physInfo: () => {
      const opened = open();
      return opened.ok ? opened.value.domainControl.physInfo() : opened;
    },
    xenstore: () => askStore(open(), storeDomain(open()) !== undefined),
    close: () => {
      if (platform?.ok) platform.value.close();
    },
  };
}

function storeDomain(platform: Result<UnixPlatform>): DomainInfo | undefined {
  const all = platform.ok ? listDomains(platform.value.domainControl) : platform;
  return all.ok ? all.value.find(({ xsDomain }) => xsDomain) : undefined;
}

/** Where no domain serves xenstore, nobody is at the end of the kernel's device either. */
async function askStore(
  platform: Result<UnixPlatform>,
  isDomain: boolean,
): Promise<Result<StoreAnswer>> {
  const transport = isDomain ? await connectXenstore() : await connectSocket(xenstoreSocketPath());
  if (!transport.ok) return transport;
  const xenstore = await onceItAnswers(createXenstoreClient(transport.value), clock);
  if (!xenstore.ok) return xenstore;
  const answer = await answerOf(xenstore.value, platform);
  xenstore.value.close();
  return answer;
}

async function answerOf(
  xenstore: XenstoreClient,
  platform: Result<UnixPlatform>,
): Promise<Result<StoreAnswer>> {
  const ours = await isOurs(xenstore);
  if (!platform.ok) return ok({ ours, forgotten: [] });
  const { domainControl } = platform.value;
  const forgotten = await forgottenDomains({ domainControl, xenstore });
  if (!forgotten.ok) return forgotten;
  return ok({ ours, forgotten: forgotten.value.map(({ domid }) => domid) });
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
