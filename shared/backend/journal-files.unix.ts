/** Journals in files of the kernel's memory: the next process finds them. */

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../core/result.ts';
import type { Region } from '../platform/region.ts';
import { sharedFiles } from '../platform/unix/shared-file.ts';
import { type JournalPlace, othersJournals } from './journal-places.ts';

export interface JournalFiles {
  /** Memory of the device at a path, as the last who had it left it. */
  openJournals(path: string, places: readonly JournalPlace[]): Promise<Result<readonly Region[]>>;
  /** There are devices at these paths alone: what is kept for others goes. */
  retainJournals(paths: readonly string[]): void;
}

/** Of devices of a kind (`vbd`). */
export function journalFiles(folder: string, kind: string): JournalFiles {
  const files = sharedFiles();
  const mapped = new Map<string, Region>();
  const unmap = (name: string): void => {
    const region = mapped.get(name);
    if (region !== undefined) files.unmap(region);
    mapped.delete(name);
  };
  return {
    openJournals: async (_path, places) => {
      const regions: Region[] = [];
      for (const { name, pages } of places) {
        unmap(name);
        const file = files.map(join(folder, name), pages);
        if (!file.ok) return file;
        mapped.set(name, file.value);
        regions.push(file.value);
      }
      return ok(regions);
    },
    retainJournals: (paths) => {
      for (const name of othersJournals(kind, readdirSync(folder), paths)) {
        unmap(name);
        rmSync(join(folder, name), { force: true });
      }
    },
  };
}
