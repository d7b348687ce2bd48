/** Whether a block device keeps written data where a power cut takes it. */

import { readFileSync } from 'node:fs';

/** A device's number as stat(2) has it: its major and minor (linux/kdev_t.h @ v6.12). */
export function deviceNumbers(rdev: number): readonly [major: number, minor: number] {
  const number = BigInt(rdev);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffff_ff00n);
  return [Number(major), Number(minor)];
}

/**
 * False only if the kernel says that the device writes through: then what it has completed is on
 * its medium, and the kernel itself sends it no flush. A partition's queue is its disk's.
 */
export function hasWriteCache(rdev: number, sys = '/sys'): boolean {
  const [major, minor] = deviceNumbers(rdev);
  const device = `${sys}/dev/block/${major}:${minor}`;
  for (const queue of [`${device}/queue`, `${device}/../queue`]) {
    try {
      return readFileSync(`${queue}/write_cache`, 'latin1').trim() !== 'write through';
    } catch {
      // The next place; what nobody says is taken for the worse.
    }
  }
  return true;
}
