/** Tells systemd that a service of Type=notify is ready (sd_notify(3)). */

import { bind } from './ffi.ts';

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
const PATH_MAX = 107;

/** False if nobody asked to be told, or could be. */
export function notifyReady(path = process.env.NOTIFY_SOCKET ?? ''): boolean {
  const name = Buffer.from(path);
  if (!/^[/@]./.test(path) || name.length > PATH_MAX) return false;
  const libc = bind('libc.so.6', {
    socket: ['int', 'int', 'int', 'int'],
    sendto: ['long', 'int', 'void *', 'size_t', 'int', 'void *', 'uint'],
    close: ['int', 'int'],
  });
  if (!libc.ok) return false;
  const { socket, sendto, close } = libc.value;
  const fd = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) return false;
  // A name that begins with @ is one of no file: its first byte is NUL.
  if (name[0] === 0x40) name[0] = 0;
  const address = Buffer.concat([Uint8Array.of(AF_UNIX, 0), name]);
  const message = Buffer.from(`READY=1\nMAINPID=${process.pid}\n`);
  const sent = sendto(fd, message, message.length, 0, address, address.length);
  close(fd);
  return sent === message.length;
}
