/** Asks before a domain is stopped that others need. */

import { type Need, neededBy } from '../shared/domain/build/index.ts';
import type { DomainInfo } from '../shared/platform/domain-control.ts';
import { nameOf } from './domains.ts';
import type { Host } from './host.ts';
import { EXIT, failed, failure, type Outcome } from './output/exit.ts';

/** The refusal, or undefined if it may be done; `verb` as in "cannot VERB 'web1'". */
export async function refuseIfNeeded(
  host: Host,
  info: DomainInfo,
  verb: string,
  force: boolean,
): Promise<Outcome | undefined> {
  const need = await neededBy(host, info);
  // A store that cannot say who needs it is no reason to keep what somebody insists on ending.
  if (!need.ok) return force ? undefined : failed(need.error);
  if (need.value === undefined || (force && !need.value.always)) return undefined;
  const name = info.domid === 0 ? null : await nameOf(host, info.domid);
  const who = name === null ? `domain ${info.domid}` : `'${name}'`;
  return failure(EXIT.wrongState, `cannot ${verb} ${who}: ${words(need.value)}`);
}

function words({ why, always }: Need): string {
  return always ? why : `${why}; --force does it all the same`;
}
