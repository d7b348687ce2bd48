/** A word to the user who waits for a xenstored that takes connections, and does not answer. */

import type { XenstoreClient } from '../../shared/xenstore/client.ts';
import type { Sink } from '../terminal.ts';

/** Asked after this, it may take as long again; longer than ANSWER_MS, which ends some commands. */
const PATIENCE_MS = 3000;

const WAITING = 'xtl: xenstored does not answer; still waiting for it (^C ends that)\n';

/** Changes nothing else, and keeps no process alive. */
export function tellIfSilent(store: XenstoreClient, err: Sink): void {
  const ask = (): void => {
    const late = setTimeout(() => err.write(WAITING), PATIENCE_MS).unref();
    void store.exists('/').then(() => clearTimeout(late));
  };
  setTimeout(ask, PATIENCE_MS).unref();
}
