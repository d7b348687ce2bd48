/** The engine's memory, for a process that runs as long as its host. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * V8 lets the space for new objects grow to 16 MiB twice, as fast as it is used; a request leaves
 * nothing there that lives on, so that the first size, 1 MiB, does as well. Set here and not on a
 * command line, since it must hold however the daemon is started.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Gives back what the start has left behind: once, before anybody waits. */
export function giveBackHeap(): void {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  collect();
}
