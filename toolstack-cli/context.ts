/** Everything a command gets. */

import type { Result } from '../shared/core/result.ts';
import type { ImageFiles } from '../shared/domain/build/index.ts';
import type { Files } from '../shared/platform/files.ts';
import type { Probes } from './commands/doctor-checks.ts';
import type { Host } from './host.ts';
import type { Terminal } from './terminal.ts';

export interface Context {
  readonly terminal: Terminal;
  /** Opens Xen and xenstore at the first call, and gives the same host again. */
  host(): Promise<Result<Host>>;
  /** Plain files of this machine. Needs no Xen. */
  files(): Promise<Files>;
  images(): Promise<ImageFiles>;
  /** 16 random bytes. */
  random(): Uint8Array;
  probes(): Promise<Probes>;
}
