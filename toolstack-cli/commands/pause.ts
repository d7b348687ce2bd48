/** `xtl vm pause` and `xtl vm unpause`. */

import type { Context } from '../context.ts';
import { findDomain } from '../domains.ts';
import { refuseIfNeeded } from '../needed.ts';
import { DONE, EXIT, failed, failure, type Outcome } from '../output/exit.ts';
import type { Options } from '../table.ts';

export function pause(
  context: Context,
  [word = '']: readonly string[],
  options: Options,
): Promise<Outcome> {
  return change(context, word, 'pause', options.force === true);
}

export function unpause(context: Context, [word = '']: readonly string[]): Promise<Outcome> {
  return change(context, word, 'unpause', false);
}

async function change(
  context: Context,
  word: string,
  what: 'pause' | 'unpause',
  force: boolean,
): Promise<Outcome> {
  const host = await context.host();
  if (!host.ok) return failed(host.error);
  const info = await findDomain(host.value, word);
  if (!info.ok) return failed(info.error);
  const { domid, dying, paused } = info.value;
  if (domid === 0) return failure(EXIT.wrongState, `cannot ${what} domain 0: it is the host`);
  if (dying) return failure(EXIT.wrongState, `cannot ${what} '${word}': it is being destroyed`);
  // Xen counts pauses (controller_pause_count): to pause twice would take two calls to undo.
  if (paused === (what === 'pause')) return DONE;
  const refused =
    what === 'pause' ? await refuseIfNeeded(host.value, info.value, what, force) : undefined;
  if (refused !== undefined) return refused;
  const done = host.value.domainControl[what](domid);
  return done.ok ? DONE : failed(done.error);
}
