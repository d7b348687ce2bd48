/**
 * Journals of driver domains: pages of dom0, granted to the domain that serves a device, and named
 * in the device's directory. They outlive the domain, and its next instance maps them again.
 */

import { domid } from '../../shared/core/ids.ts';
import type { Grants, Offer } from '../../shared/platform/grants.ts';
import { JOURNAL_NODE, JOURNAL_PAGES, journalText } from '../../shared/xenbus/journal-grants.ts';
import type { XenstoreSession } from '../../shared/xenstore/session.ts';
import { JOURNALS_MAX } from './limits.ts';

export interface JournalsHost {
  readonly session: Pick<
    XenstoreSession,
    'readString' | 'write' | 'exists' | 'directory' | 'getPerms' | 'setPerms'
  >;
  readonly grants: Pick<Grants, 'offer' | 'revoke'>;
  log(line: string): void;
}

export interface Journals {
  /** Whether the device at `path`, that domain `backend` serves, is there: grants or takes back. */
  look(backend: number, path: string): Promise<void>;
  /** Paths of devices that have one. */
  readonly kept: ReadonlyMap<string, Offer>;
}

async function grant(host: JournalsHost, kept: Map<string, Offer>, backend: number, path: string) {
  if (kept.size >= JOURNALS_MAX) {
    host.log(
      `${path}: no journal, there are ${JOURNALS_MAX} already: it will not outlive its back end`,
    );
    return;
  }
  const node = `${path}/${JOURNAL_NODE}`;
  const before = await host.session.readString(node);
  if (!before.ok && before.error.errno !== 'ENOENT') return;
  if (before.ok && before.value !== '') {
    // Its pages live as long as the domain maps them, and went with the keeper that granted them.
    host.log(`${path}: granted by a keeper that is gone: the next end of its back end is noticed`);
  }
  const offer = host.grants.offer(domid(backend), JOURNAL_PAGES, 'rw');
  if (!offer.ok) {
    host.log(`${path}: no journal: ${offer.error.what}`);
    return;
  }
  const written = await host.session.write(node, journalText(offer.value.grefs));
  if (written.ok) kept.set(path, offer.value);
  else host.grants.revoke(offer.value);
}

export function keepJournals(host: JournalsHost): Journals {
  const kept = new Map<string, Offer>();
  return {
    kept,
    look: async (backend, path) => {
      const there = await host.session.exists(`${path}/frontend`);
      if (!there.ok) return;
      const offer = kept.get(path);
      if (there.value && offer === undefined) await grant(host, kept, backend, path);
      else if (!there.value && offer !== undefined) {
        kept.delete(path);
        host.grants.revoke(offer);
      }
    },
  };
}
