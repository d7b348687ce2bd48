/** Everything a command gets. */

import type { Result } from '../shared/core/result.ts';
import type { ImageFiles, StoreDomainHost } from '../shared/domain/build/index.ts';
import type { Files } from '../shared/platform/files.ts';
import type { HeldSignals } from '../shared/platform/signals.ts';
import type { XenstoreClient } from '../shared/xenstore/client.ts';
import type { Probes } from './commands/doctor-checks.ts';
import type { Host } from './host.ts';
import type { StoreServices } from './store-services.ts';
import type { Sink, Terminal } from './terminal.ts';

/** Read no faster than it is asked for; ends when the daemon does. */
export interface Traffic extends AsyncIterable<Uint8Array> {
  close(): void;
}

export interface Context {
  readonly terminal: Terminal;
  /** Opens Xen and xenstore at the first call, and gives the same host again. */
  host(): Promise<Result<Host>>;
  /** The host before there is a xenstore. */
  storeDomainHost(): Promise<Result<StoreDomainHost>>;
  /** The processes of the store. */
  storeServices(): Promise<StoreServices>;
  /** A file, or a pipe by its name, that is written anew, for its owner alone; `flush` ends it. */
  output(path: string): Promise<Result<Sink>>;
  /** Plain files of this machine. Needs no Xen. */
  files(): Promise<Files>;
  /** What took long to unpack is kept on disk, unless nothing shall be written. */
  images(how?: { readonly dryRun: boolean }): Promise<ImageFiles>;
  /** 16 random bytes. */
  random(): Uint8Array;
  probes(): Promise<Probes>;
  /** Connects to xenstored at the first call. Needs no hypervisor. */
  xenstore(): Promise<Result<XenstoreClient>>;
  /** The lines of a xenstored's traffic, if it is ours: ENOENT or ECONNREFUSED if not. */
  traffic(): Promise<Result<Traffic>>;
  /** Holds back the signals that end a process, for what must not be left half done. */
  holdSignals(): HeldSignals;
  /** Calls `then` once after `ms`; the returned function takes that back. */
  after(ms: number, then: () => void): () => void;
}
