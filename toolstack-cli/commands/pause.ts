/** `xtl vm pause` and `xtl vm unpause`. */

import type { Context } from '../context.ts';
import { findDomain } from '../domains.ts';
import { DONE, EXIT, failed, failure, type Outcome } from '../output/exit.ts';

export function pause(context: Context, [word = '']: readonly string[]): Promise<Outcome> {
  return change(context, word, 'pause');
}

export function unpause(context: Context, [word = '']: readonly string[]): Promise<Outcome> {
  return change(context, word, 'unpause');
}

async function change(context: Context, word: string, what: 'pause' | 'unpause'): Promise<Outcome> {
  const host = await context.host();
  if (!host.ok) return failed(host.error);
  const info = await findDomain(host.value, word);
  if (!info.ok) return failed(info.error);
  const { domid, dying, paused } = info.value;
  if (domid === 0) return failure(EXIT.wrongState, `cannot ${what} domain 0: it is the host`);
  if (dying) return failure(EXIT.wrongState, `cannot ${what} '${word}': it is being destroyed`);
  // Xen counts pauses (controller_pause_count): to pause twice would take two calls to undo.
  if (paused === (what === 'pause')) return DONE;
  const done = host.value.domainControl[what](domid);
  return done.ok ? DONE : failed(done.error);
}
