/** Whose xenstored answers. */

import type { XenstoreClient } from '../../shared/xenstore/client.ts';

/**
 * Ours lists the commands of C's, but has a word of its own for what it cannot do; a process and a
 * domain alike.
 */
export async function isOurs(store: XenstoreClient): Promise<boolean> {
  const help = await store.control('help');
  return help.ok && help.value.includes('live-update\t(not yet)');
}
