/** Who holds the lock of a file, asked of the kernel: to look takes no lock from anybody. */

import { readFileSync, statSync } from 'node:fs';

/**
 * The process that holds flock(2) on a file; undefined if none does, or if the kernel does not say
 * (file systems whose files show another device than the kernel's own).
 */
export function lockHolder(path: string): number | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return holderIn(readFileSync('/proc/locks', 'latin1'), dev, ino);
  } catch {
    return undefined;
  }
}

const hex = (number: bigint): string => number.toString(16).padStart(2, '0');

/** Of the text of /proc/locks (proc(5)); device numbers are those of glibc's makedev(3). */
export function holderIn(locks: string, dev: bigint, ino: bigint): number | undefined {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  const file = `${hex(major)}:${hex(minor)}:${ino}`;
  for (const line of locks.split('\n')) {
    // A waiter has an arrow before its lock.
    const [, kind, , , pid, where] = line.split(/ +/);
    if (kind === 'FLOCK' && where === file && Number(pid) > 0) return Number(pid);
  }
  return undefined;
}
