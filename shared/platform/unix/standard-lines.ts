/**
 * Lines to standard output and standard error that wait for nobody: a terminal program that was
 * stopped, or a journal that hangs, must not hold up a service. The descriptor is left as it is for
 * all others who have it, and who expect that it waits for them.
 */

import { constants, fstatSync, openSync } from 'node:fs';
import { bind } from './ffi.ts';
import { type LineFile, linesBy, type Put, putTo } from './line-file.ts';

export const STDOUT = 1;
const STDERR = 2;

/** sys/socket.h of Linux: MSG_DONTWAIT | MSG_NOSIGNAL. */
const SEND_FLAGS = 0x4040;

/** A socket takes what there is room for without changing its mode; a pipe is opened anew. */
export function putToStandard(fd: typeof STDOUT | typeof STDERR): Put {
  try {
    const stat = fstatSync(fd);
    if (stat.isFIFO()) {
      const { O_WRONLY, O_NONBLOCK } = constants;
      return putTo(openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK));
    }
    const libc = stat.isSocket()
      ? bind('libc.so.6', { send: ['long', 'int', 'void *', 'size_t', 'int'] })
      : undefined;
    if (libc?.ok) {
      const { send } = libc.value;
      return (bytes) => Math.max(0, send(fd, bytes, bytes.length, SEND_FLAGS));
    }
  } catch {
    // It is closed, or another user's.
  }
  return putTo(fd);
}

export function linesToStderr(note: (dropped: number) => string): LineFile {
  return linesBy(putToStandard(STDERR), note, () => {});
}
