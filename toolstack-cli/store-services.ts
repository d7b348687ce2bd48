/** What `xtl xenstored restart` asks of the processes of this machine. */

import type { Result } from '../shared/core/result.ts';
import type { XenstoreClient } from '../shared/xenstore/client.ts';

export interface StoreServices {
  /** Ends the processes that serve xenstore, and waits until they are gone; none is no error. */
  stop(): Promise<Result<void>>;
  /** A client of the process that serves xenstore; at once, whether or not one does. */
  connect(): Promise<Result<XenstoreClient>>;
  /** Starts what served xenstore before, or what this host starts; the value says which. */
  start(): Promise<Result<string>>;
  /** Whether xenconsoled is connected to a xenstored that is gone. */
  consolesAreOlder(): Promise<boolean>;
  /** Starts xenconsoled anew as it was started before; false if none ran. */
  restartConsoles(): Promise<Result<boolean>>;
  /** Notes, until the next boot, that dom0's kernel lost its watches. */
  noteLoss(): Promise<Result<void>>;
}
