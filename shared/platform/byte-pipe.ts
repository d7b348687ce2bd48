/** Port: bytes both ways to one peer, with its identity. A vchan is one, and a Unix socket. */

import type { Domid } from '../core/ids.ts';
import type { Failure, Result } from '../core/result.ts';

/** Who is at the other end, as the kernel or the hypervisor says; no word of its own counts. */
export type PeerIdentity =
  | { readonly kind: 'domain'; readonly domid: Domid }
  | { readonly kind: 'user'; readonly uid: number; readonly gid: number };

export interface BytePipe {
  /** Waits for 1 byte or more, into `into`: how many, 0 at the end. One read at a time. */
  read(into: Uint8Array): Promise<Result<number>>;
  /** Waits until all bytes are taken, which are not to be changed before. One write at a time. */
  write(bytes: Uint8Array): Promise<Result<void>>;
  /** Reads and writes that wait fail. Twice is no error. */
  close(why?: Failure): void;
}
