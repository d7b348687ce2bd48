/** Back ends of a host of the lab: the keeper that starts them, and their deaths. */

import type { LabHost } from './host.ts';

const KEEPER = '/usr/lib/xtl/keeper';
/** The backend that runs. */
const pidOf = (name: string): string => `head -n 1 /run/xtl/${name}.lock`;

/** Starts both, and waits for them: a slow host takes longer than libxl waits for a backend. */
export const START_KEEPER = `(setsid ${KEEPER} blkback >/dev/null 2>&1 </dev/null &)
until [ -s /run/xtl/keeper.lock ] && [ -d /run/xtl/blkback ]; do sleep 0.2; done`;

/** Waits until another backend than `old` has signed: one that was killed had, too. */
const anotherThan = (name: string, old: string): string => `for i in {1..200}; do
  pid=$(${pidOf(name)} 2>/dev/null)
  [ "$pid" != '${old}' ] && kill -0 "$pid" 2>/dev/null && break
  sleep 0.2
done
${pidOf(name)}`;

/**
 * What Xen's own script does for a block device that the kernel serves, without the programs that
 * it needs.
 */
const KERNEL_SCRIPT = `#!/bin/sh
[ "$1" = add ] || exit 0
device=$(xenstore-read "$XENBUS_PATH/params")
xenstore-write "$XENBUS_PATH/physical-device" "$(stat -L -c %t:%T "$device")" \\
  "$XENBUS_PATH/hotplug-status" connected
`;

/** The name under which that is dom0's. */
export async function pushKernelScript(host: LabHost): Promise<string> {
  const path = '/etc/xen/scripts/block-lab';
  await host.must(`cat > ${path} && chmod 755 ${path}`, { input: KERNEL_SCRIPT });
  return 'block-lab';
}

/** Kills the backend, whose guest does not notice; the keeper starts another one. */
export async function killBackend(host: LabHost, name = 'blkback'): Promise<void> {
  const pid = (await host.must(pidOf(name))).trim();
  const next = await host.must(`kill -9 ${pid}\n${anotherThan(name, pid)}`);
  if (next.trim() === pid) throw new Error(`no backend after ${pid} was killed`);
}
