/**
 * Nodes of a domain that dies go with it (domain_tree_remove_sub in xenstored_domain.c @
 * RELEASE-4.17.0): those of devices that a driver domain serves are dom0's from early on, whether
 * xl has made them the driver domain's or it made them itself.
 */

import { DOM0, domid } from '../../shared/core/ids.ts';
import type { XenstoreSession } from '../../shared/xenstore/session.ts';

type Store = Pick<XenstoreSession, 'directory' | 'getPerms' | 'setPerms'>;

/** No device has as many; a broken store cannot make us loop. */
const NODES_MAX = 256;

/** The node and all below it: dom0's, and `self` may write to them as before. */
export async function takeOver(store: Store, self: number, path: string): Promise<void> {
  const waiting = [path];
  for (let i = 0; i < waiting.length && i < NODES_MAX; i++) {
    const each = waiting[i] as string;
    const permissions = await store.getPerms(each);
    // Gone meanwhile, or the store stands still: there will be another event.
    if (!permissions.ok) continue;
    const [owner, ...others] = permissions.value;
    if (owner?.domid !== self) continue;
    const rest = others.filter((entry) => entry.domid !== DOM0 && entry.domid !== self);
    await store.setPerms(each, [
      { domid: DOM0, access: owner.access },
      { domid: domid(self), access: 'b' },
      ...rest,
    ]);
    const names = await store.directory(each);
    if (names.ok) waiting.push(...names.value.map((name) => `${each}/${name}`));
  }
}
