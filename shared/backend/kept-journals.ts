/** Journals of a driver domain: pages of dom0, which its keeper grants for each device. */

import { DOM0 } from '../core/ids.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Grants } from '../platform/grants.ts';
import type { Memory } from '../platform/memory.ts';
import type { Region } from '../platform/region.ts';
import { JOURNAL_NODE, parseJournal } from '../xenbus/journal-grants.ts';
import type { XenstoreSession } from '../xenstore/session.ts';
import { type JournalPlace, othersJournals } from './journal-places.ts';

/** Until the keeper must have granted memory for a device. */
const KEEPER_MS = 5000;

export interface KeptJournals {
  openJournals(path: string, places: readonly JournalPlace[]): Promise<Result<readonly Region[]>>;
  /** There are devices at these paths alone: what is kept for others goes. */
  retainJournals(paths: readonly string[]): void;
}

export interface KeptHost {
  readonly session: Pick<XenstoreSession, 'waitFor'>;
  readonly grants: Pick<Grants, 'map' | 'unmap'>;
  readonly memory: Pick<Memory, 'pages' | 'unmap'>;
  log(line: string): void;
}

/**
 * For devices of a kind. Where nobody grants pages, those are our own, which die with us: said for
 * each device. EINVAL: a reference of the keeper's is none, or there are too few of them.
 */
export function keptJournals(
  kind: string,
  { session, grants, memory, log }: KeptHost,
): KeptJournals {
  const known = new Map<string, () => void>();

  const open = (
    refs: ReturnType<typeof parseJournal>,
    from: number,
    pages: number,
  ): Result<Region> => {
    if (refs === undefined) return memory.pages(pages);
    if (from + pages > refs.length) return fail('EINVAL', `${refs.length} pages are no journals`);
    return grants.map(DOM0, refs.slice(from, from + pages), 'rw');
  };
  const letGo = (name: string): void => {
    known.get(name)?.();
    known.delete(name);
  };
  const openJournals = async (path: string, places: readonly JournalPlace[]) => {
    const node = `${path}/${JOURNAL_NODE}`;
    const text = await session.waitFor(node, (value) => !!value, KEEPER_MS);
    const refs = text.ok ? parseJournal(text.value ?? '') : undefined;
    if (refs === undefined) log(`${path}: nobody keeps its journal: it will not outlive us`);
    const regions: Region[] = [];
    let from = 0;
    for (const { name, pages } of places) {
      letGo(name);
      const region = open(refs, from, pages);
      if (!region.ok) return region;
      const { value } = region;
      known.set(name, () => (refs === undefined ? memory.unmap(value) : grants.unmap(value)));
      regions.push(value);
      from += pages;
    }
    return ok(regions);
  };
  return {
    openJournals,
    retainJournals: (paths) => othersJournals(kind, known.keys(), paths).forEach(letGo),
  };
}
