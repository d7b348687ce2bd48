/** Journals of a driver domain: pages of dom0, which its keeper grants for each device. */

import { type JournalPlace, othersJournals } from '../../shared/backend/journal-places.ts';
import { DOM0 } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { Grants } from '../../shared/platform/grants.ts';
import type { Memory } from '../../shared/platform/memory.ts';
import type { Region } from '../../shared/platform/region.ts';
import { JOURNAL_NODE, parseJournal } from '../../shared/xenbus/journal-grants.ts';
import type { XenstoreSession } from '../../shared/xenstore/session.ts';
import { KEEPER_MS } from './core/limits.ts';
import type { JournalsHost } from './service.ts';

export interface KeptHost {
  readonly session: Pick<XenstoreSession, 'waitFor'>;
  readonly grants: Pick<Grants, 'map' | 'unmap'>;
  readonly memory: Pick<Memory, 'pages' | 'unmap'>;
  log(line: string): void;
}

/**
 * Where nobody grants pages, those are our own, which die with us: said for each device. EINVAL: a
 * reference of the keeper's is none, or there are too few of them.
 */
export function keptJournals({ session, grants, memory, log }: KeptHost): JournalsHost {
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
    retainJournals: (paths) => othersJournals('vbd', known.keys(), paths).forEach(letGo),
  };
}
