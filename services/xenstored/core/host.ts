/** Port: what the store asks of the process it runs in. Every call is synchronous. */

import type { Result } from '../../../shared/core/result.ts';
import type { Connection } from './connection.ts';

export interface StoreHost {
  /** Milliseconds, monotonic. Asked only where something depends on it: clocks may be slow. */
  nowMs(): number;
  /**
   * False when memory runs low, or would with so many bytes less: what adds to the store is refused
   * with ENOMEM.
   */
  hasRoom?(bytes?: number): boolean;
  /** Whether the hypervisor has such a domain now. */
  domainExists(domid: number): boolean;
  /**
   * INTRODUCE of a domain whose ring nobody serves yet: maps it and binds `port`. The
   * connection's output goes to that ring from now on. An error is the reply to INTRODUCE and
   * leaves nothing behind.
   */
  introduce(connection: Connection, port: number): Result<void>;
  /** INTRODUCE again: binds the new port, empties the ring. */
  reintroduce(connection: Connection, port: number): void;
  /** The connection is over, by RELEASE or by its domain's death: unmaps and unbinds. */
  released(connection: Connection): void;
  /** A line for the log about a domain or a limit. */
  report(line: string): void;
  /** CONTROL log, logfile, memreport and print; EINVAL and its like are the reply. */
  control(command: HostCommand): Result<void>;
}

export type HostCommand =
  | { readonly what: 'log'; readonly on: boolean }
  | { readonly what: 'logfile'; readonly path: string }
  | { readonly what: 'memreport'; readonly path: string | undefined }
  | { readonly what: 'print'; readonly text: string };
