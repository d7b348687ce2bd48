/** Journals in files of the kernel's memory: the next process finds them. */

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ok } from '../../shared/core/result.ts';
import type { Region } from '../../shared/platform/region.ts';
import { sharedFiles } from '../../shared/platform/unix/shared-file.ts';
import { othersJournals } from './journal-places.ts';
import type { JournalsHost } from './service.ts';

export function journalFiles(folder: string): JournalsHost {
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
      for (const name of othersJournals(readdirSync(folder), paths)) {
        unmap(name);
        rmSync(join(folder, name), { force: true });
      }
    },
  };
}
