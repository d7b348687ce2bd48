/** Whose xenstored answers, and where it runs. */

import type { Errno } from '../../shared/core/errno.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import { onceItAnswers } from '../answers.ts';
import type { Context } from '../context.ts';
import { isOurs } from './store-kind.ts';

export interface Running {
  /** Whose xenstored answers now: xtl's, another (one of Xen's own), or none. */
  readonly running: 'xtl' | 'other' | 'none';
  /** The domain that it runs in: 0, or a xenstore domain; null if none answers. */
  readonly domain: number | null;
}

/** Where whoever starts a xenstore domain writes its number (libxl_dom.c @ RELEASE-4.17.0). */
const DOMID_NODE = '/tool/xenstored/domid';

/** No socket, or one that a daemon has left behind. */
const NOBODY: readonly Errno[] = ['ENODEV', 'ENOENT', 'ECONNREFUSED'];

/** Fails where it cannot be known: without privilege, or by one that does not answer. */
export async function runningNow(context: Context): Promise<Result<Running>> {
  const store = await context.xenstore();
  if (!store.ok) {
    return NOBODY.includes(store.error.errno) ? ok({ running: 'none', domain: null }) : store;
  }
  const answered = await onceItAnswers(store.value, context);
  if (!answered.ok) return answered;
  const domid = await store.value.readString(DOMID_NODE);
  const domain = domid.ok && /^[1-9][0-9]{0,4}$/.test(domid.value) ? Number(domid.value) : 0;
  return ok({ running: (await isOurs(store.value)) ? 'xtl' : 'other', domain });
}

/** `xtl's, a process of domain 0`. */
export function runningText({ running, domain }: Running): string {
  if (running === 'none') return 'none answers';
  const whose = running === 'xtl' ? "xtl's" : "Xen's own";
  return `${whose}, ${domain === 0 ? 'a process of domain 0' : `in domain ${domain}`}`;
}
