/** Who is at the other end of a Unix socket. */

import { ok, type Result } from '../../core/result.ts';
import type { PeerIdentity } from '../byte-pipe.ts';
import { bind, lastFailure, once } from './ffi.ts';

const libc = once(() =>
  bind('libc.so.6', { getsockopt: ['int', 'int', 'int', 'int', 'void *', 'void *'] }),
);

/** sys/socket.h of Linux. */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** The words of a struct ucred: pid, uid, gid. */
const UCRED_WORDS = 3;

/** The user behind a connection, as the kernel knew him when he connected. EBADF, ENOTTY. */
export function userBehind(fd: number): Result<PeerIdentity> {
  const library = libc();
  if (!library.ok) return library;
  const words = new Uint32Array(UCRED_WORDS);
  const size = Uint32Array.of(words.byteLength);
  if (library.value.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, words, size) !== 0) {
    return lastFailure('cannot tell who has connected');
  }
  return ok({ kind: 'user', uid: words[1] as number, gid: words[2] as number });
}
