/** Journals of a driver domain: pages of dom0, which its keeper grants for each device. */

import { DOM0 } from '../core/ids.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Grants } from '../platform/grants.ts';
import type { Memory } from '../platform/memory.ts';
import { type Parts, partsOf, type Region } from '../platform/region.ts';
import { JOURNAL_NODE, markLost, parseJournal } from '../xenbus/journal-grants.ts';
import type { XenstoreSession } from '../xenstore/session.ts';
import type { JournalPlace } from './journal-places.ts';

/** Until the keeper must have granted memory for a device. */
const KEEPER_MS = 5000;

export interface KeptJournals {
  /** `said`: what the device's node said just now, if anything. EINVAL: what is granted is not. */
  openJournals(
    path: string,
    places: readonly JournalPlace[],
    said?: string,
  ): Promise<Result<readonly Region[]>>;
  /**
   * Where the node says that another keeper has granted others: `move` is to go on in those, of the
   * same sizes, or to say that it does not.
   */
  renewJournals(
    path: string,
    said: string,
    move: (kept: readonly Region[]) => boolean,
  ): Result<void>;
  /** There are devices at these paths alone: what is kept for others goes. */
  retainJournals(paths: readonly string[]): void;
}

export interface KeptHost {
  readonly session: Pick<XenstoreSession, 'waitFor' | 'readString'>;
  readonly grants: Pick<Grants, 'map' | 'unmap'>;
  readonly memory: Pick<Memory, 'pages' | 'unmap'>;
  log(line: string): void;
}

interface Kept {
  readonly places: readonly JournalPlace[];
  /** What the node said, whether that could be had or not. */
  readonly text: string;
  readonly parts: Parts;
  unmap(): void;
}

const isJournal = (text: string | undefined): boolean =>
  text !== undefined && parseJournal(text) !== undefined;
const pagesOf = (places: readonly JournalPlace[]): readonly number[] =>
  places.map(({ pages }) => pages);
const isAsLarge = (a: readonly JournalPlace[], b: readonly JournalPlace[]): boolean =>
  pagesOf(a).join() === pagesOf(b).join();

/** Our own, which die with us, as those of a predecessor did. */
function ownMemory(
  { memory }: KeptHost,
  text: string,
  places: readonly JournalPlace[],
): Result<Kept> {
  const region = memory.pages(pagesOf(places).reduce((sum, pages) => sum + pages, 0));
  if (!region.ok) return region;
  markLost(region.value.words);
  const parts = partsOf(region.value, pagesOf(places));
  return ok({ places, text, parts, unmap: () => memory.unmap(region.value) });
}

/** Pages that a node names, in one mapping. EINVAL: there are too few, or they are gone. */
function granted({ grants }: KeptHost, text: string, places: readonly JournalPlace[]) {
  const refs = parseJournal(text);
  const count = pagesOf(places).reduce((sum, pages) => sum + pages, 0);
  if (refs === undefined) return fail('EINVAL', `'${text.slice(0, 40)}' names no pages`);
  if (count > refs.length) return fail('EINVAL', `${refs.length} pages are no journals`);
  const region = grants.map(DOM0, refs.slice(0, count), 'rw');
  if (!region.ok) return region;
  const parts = partsOf(region.value, pagesOf(places));
  return ok({ places, text, parts, unmap: () => grants.unmap(region.value) });
}

/**
 * Where nobody grants pages, or those are gone with the keeper that did, they are our own, which
 * die with us: said for each device.
 */
export function keptJournals(host: KeptHost): KeptJournals {
  const { session, log } = host;
  const known = new Map<string, Kept>();

  const letGo = (path: string): void => {
    const kept = known.get(path);
    known.delete(path);
    kept?.parts.end();
    kept?.unmap();
  };
  /** What the node says, once it names pages; empty if it has not after a while. */
  const named = async (path: string): Promise<Result<string>> => {
    const node = `${path}/${JOURNAL_NODE}`;
    const found = await session.waitFor(node, isJournal, KEEPER_MS);
    // A store that stands still has not said that there is none.
    const now = found.ok ? found : await session.readString(node);
    if (!now.ok && now.error.errno !== 'ENOENT') return now;
    return ok((now.ok && now.value) || '');
  };
  const openJournals: KeptJournals['openJournals'] = async (path, places, said) => {
    const now = said !== undefined && isJournal(said) ? ok(said) : await named(path);
    if (!now.ok) return now;
    const text = now.value;
    const before = known.get(path);
    // Those of a keeper that is gone are there as long as we map them.
    if (before?.text === text && isAsLarge(before.places, places)) return ok(before.parts.all);
    letGo(path);
    let kept = isJournal(text) ? granted(host, text, places) : undefined;
    if (kept !== undefined && !kept.ok && kept.error.errno !== 'EINVAL') return kept;
    if (kept === undefined || !kept.ok) {
      const why =
        kept === undefined ? 'nobody keeps its journal' : `no journal: ${kept.error.what}`;
      log(`${path}: ${why}: it will not outlive us`);
      kept = ownMemory(host, text, places);
      if (!kept.ok) return kept;
    }
    known.set(path, kept.value);
    return ok(kept.value.parts.all);
  };
  const renewJournals: KeptJournals['renewJournals'] = (path, said, move) => {
    const before = known.get(path);
    if (before === undefined || !isJournal(said) || said === before.text) return ok();
    const next = granted(host, said, before.places);
    if (!next.ok) return next;
    if (!move(next.value.parts.all)) {
      next.value.unmap();
      return ok();
    }
    letGo(path);
    known.set(path, next.value);
    log(`${path}: its journal is in the memory of another keeper now`);
    return ok();
  };
  return {
    openJournals,
    renewJournals,
    retainJournals: (paths) => {
      for (const path of [...known.keys()]) if (!paths.includes(path)) letGo(path);
    },
  };
}
