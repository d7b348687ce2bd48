/**
 * Journals of driver domains: pages of dom0, granted to the domain that serves a device, and named
 * in the device's directory. They outlive the domain, and its next instance maps them again.
 */

import { domid } from '../../shared/core/ids.ts';
import type { Grants, Offer } from '../../shared/platform/grants.ts';
import {
  JOURNAL_NODE,
  JOURNAL_PAGES,
  journalText,
  LOST_TEXT,
  markLost,
} from '../../shared/xenbus/journal-grants.ts';
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
  /** Those of a keeper before us, of all devices that one domain serves: before any is granted. */
  forget(paths: readonly string[]): Promise<void>;
  /** Whether the device at `path`, that domain `backend` serves, is there: grants or takes back. */
  look(backend: number, path: string): Promise<void>;
  /** Paths of devices that have one. */
  readonly kept: ReadonlyMap<string, Offer>;
}

/** The device's end of a keeper that is gone: nobody is to map what may be others' by now. */
async function forget(host: JournalsHost, path: string): Promise<void> {
  const node = `${path}/${JOURNAL_NODE}`;
  const before = await host.session.readString(node);
  if (!before.ok || before.value === '' || before.value === LOST_TEXT) return;
  const written = await host.session.write(node, LOST_TEXT);
  if (!written.ok) return;
  const until = 'the end of its back end is not survived before that has moved to another';
  host.log(`${path}: its journal went with a keeper: ${until}`);
}

async function grant(host: JournalsHost, kept: Map<string, Offer>, backend: number, path: string) {
  if (kept.size >= JOURNALS_MAX) {
    host.log(
      `${path}: no journal, there are ${JOURNALS_MAX} already: it will not outlive its back end`,
    );
    return;
  }
  const before = await host.session.readString(`${path}/${JOURNAL_NODE}`);
  if (!before.ok && before.error.errno !== 'ENOENT') return;
  const offer = host.grants.offer(domid(backend), JOURNAL_PAGES, 'rw');
  if (!offer.ok) {
    host.log(`${path}: no journal: ${offer.error.what}`);
    return;
  }
  // Its back end writes here what is under way; whoever follows that before has no journal.
  if (before.ok && before.value !== '') markLost(offer.value.region.words);
  kept.set(path, offer.value);
  await name(host, offer.value, path);
}

/** Tells the back end of its journal: a device that was made anew, too. */
async function name({ session }: JournalsHost, offer: Offer, path: string): Promise<void> {
  const node = `${path}/${JOURNAL_NODE}`;
  const text = journalText(offer.grefs);
  const now = await session.readString(node);
  // What the store does not take now it is told with the next look.
  if (now.ok ? now.value !== text : now.error.errno === 'ENOENT') await session.write(node, text);
}

/**
 * Whether a guest has the device, though its nodes are gone: they went with the domain that serves
 * it, which will want its journal. The toolstack's own copy says so.
 */
async function isMissed({ session }: JournalsHost, path: string): Promise<boolean> {
  const [kind, frontend, device] = path.split('/').slice(-3);
  const copy = await session.readString(`/libxl/${frontend}/device/${kind}/${device}/backend`);
  return copy.ok ? copy.value === path : copy.error.errno !== 'ENOENT';
}

export function keepJournals(host: JournalsHost): Journals {
  const kept = new Map<string, Offer>();
  return {
    kept,
    forget: async (paths) => {
      for (const path of paths) if (!kept.has(path)) await forget(host, path);
    },
    look: async (backend, path) => {
      const there = await host.session.exists(`${path}/frontend`);
      if (!there.ok) return;
      const offer = kept.get(path);
      if (there.value) {
        if (offer === undefined) await grant(host, kept, backend, path);
        else await name(host, offer, path);
      } else if (offer !== undefined && !(await isMissed(host, path))) {
        kept.delete(path);
        host.grants.revoke(offer);
      }
    },
  };
}
