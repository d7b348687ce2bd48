/**
 * dom0's kernel turned to a xenstore domain: it grants that domain its ring and offers it a port
 * (IOCTL_XENBUS_BACKEND_SETUP, include/uapi/xen/xenbus_dev.h of Linux 6.1).
 */

import { closeSync, openSync } from 'node:fs';
import { ERRNO, type Errno } from '../../core/errno.ts';
import { type Domid, type Port, port } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { bind, lastFailure, once } from './ffi.ts';

const DEVICE = '/dev/xen/xenbus_backend';

/** _IOC(_IOC_NONE, 'B', 1, 0) */
const IOCTL_XENBUS_BACKEND_SETUP = 0x4201;

const libc = once(() => bind('libc.so.6', { ioctl: ['int', 'int', 'ulong', 'ulong'] }));

/** The kernel's port. EEXIST if a xenstored serves the kernel already; ENOENT, EACCES. */
export function handOver(domid: Domid): Result<Port> {
  const library = libc();
  if (!library.ok) return library;
  let fd: number;
  try {
    fd = openSync(DEVICE, 'r+');
  } catch (thrown) {
    const { code = '', message } = thrown as NodeJS.ErrnoException;
    return fail(code in ERRNO ? (code as Errno) : 'EIO', `cannot open ${DEVICE}: ${message}`);
  }
  const given = library.value.ioctl(fd, IOCTL_XENBUS_BACKEND_SETUP, domid);
  const result =
    given < 0 ? lastFailure('the kernel does not turn to another xenstored') : ok(port(given));
  closeSync(fd);
  return result;
}
