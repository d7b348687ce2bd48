/** The host of a process in dom0: hypercalls by koffi, xenstored by its socket. */

import { ok, type Result } from '../../shared/core/result.ts';
import { unixFiles } from '../../shared/platform/unix/files.ts';
import { openUnix } from '../../shared/platform/unix/platform.ts';
import { builders } from '../../shared/platform/unix/process-id.ts';
import { connectXenstore } from '../../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient } from '../../shared/xenstore/client.ts';
import type { Host } from '../host.ts';
import { noXen } from './no-xen.ts';
import { openPty } from './pty.ts';
import { attendDomains, isAttended, isKept, serve } from './services.ts';

/** ENODEV without Xen, its libraries or xenstored; EACCES without privilege. */
export async function openUnixHost(): Promise<Result<Host>> {
  const platform = openUnix();
  if (!platform.ok) return noXen(platform);
  const transport = await connectXenstore();
  if (!transport.ok) {
    platform.value.close();
    return noXen(transport);
  }
  const xenstore = createXenstoreClient(transport.value);
  return ok({
    domainControl: platform.value.domainControl,
    memory: platform.value.memory,
    clock: platform.value.clock,
    xenstore,
    builders,
    files: unixFiles(),
    openPty: async (path) => openPty(path),
    lockConsole: async (domid) => (await import('./console-lock.ts')).lockConsole(domid),
    lockFile: async (path) =>
      (await import('../../shared/platform/unix/lock-file.ts')).lockFile(path),
    capture: async (name) =>
      (await import('../../shared/platform/unix/packet-capture.ts')).openCapture(name),
    attend: attendDomains,
    isAttended,
    isKept,
    serve,
    runScript: async (script) =>
      (await import('../../shared/platform/unix/run-script.ts')).runScript(script),
    kernelDisk: async (device, target, numbers) =>
      (await import('./kernel-disk.ts')).kernelDisk(device, target, numbers),
    close: () => {
      xenstore.close();
      platform.value.close();
    },
  });
}
