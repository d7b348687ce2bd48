/**
 * One console of a domain at a time, as xenconsole has it (console_lock in tools/console/client/
 * main.c @ RELEASE-4.17.0): two readers of one terminal would each get a part of what it prints.
 */

import { fail, type Result } from '../../shared/core/result.ts';
import { type Lock, lockFile } from '../../shared/platform/unix/lock-file.ts';
import { lockHolder } from '../../shared/platform/unix/lock-holder.ts';
import { readText } from './processes.ts';

/** XEN_LOCK_DIR of Debian and of Xen's own configure. */
const LOCK_DIR = '/var/lock';

/** EBUSY says who has it. One that was killed holds nothing, though its file is there. */
export function lockConsole(domid: number, dir = LOCK_DIR): Result<Lock> {
  const path = `${dir}/xenconsole.${domid}`;
  const lock = lockFile(path);
  if (lock.ok || lock.error.errno !== 'EBUSY') return lock;
  const pid = lockHolder(path);
  if (pid === undefined) return fail('EBUSY', `somebody else has it (${path} is locked)`);
  return fail('EBUSY', `process ${pid} (${commandOf(pid)}) has it`);
}

/** Its words, as its user gave them. */
function commandOf(pid: number): string {
  const words = readText(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
  return words.filter((word) => word !== '').join(' ');
}
