/**
 * A file in memory of the kernel's: what was stored there stays when its process dies, as it was at
 * the last store, and is found by whoever maps it next.
 */

import { closeSync, constants, ftruncateSync, openSync } from 'node:fs';
import { ok, type Result } from '../../core/result.ts';
import { PAGE_SIZE, type Region } from '../region.ts';
import { lastFailure } from './ffi.ts';
import { libc, MAP_FAILED, PROT_READ, PROT_WRITE } from './libraries.ts';
import { fileFailure } from './line-file.ts';
import { Regions } from './regions.ts';

const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
const MAP_SHARED = 1;

export interface SharedFiles {
  /** The file at `path`, made if it is not there, with zeros; so many pages of it. */
  map(path: string, pages: number): Result<Region>;
  unmap(region: Region): void;
}

export function sharedFiles(): SharedFiles {
  const regions = new Regions();
  return {
    map: (path, pages) => {
      const c = libc();
      if (!c.ok) return c;
      let fd: number;
      try {
        fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
        ftruncateSync(fd, pages * PAGE_SIZE);
      } catch (thrown) {
        return fileFailure(path, thrown);
      }
      const access = PROT_READ | PROT_WRITE;
      const address = c.value.mmap(0, pages * PAGE_SIZE, access, MAP_SHARED, fd, 0);
      const failed = BigInt(address) === MAP_FAILED ? lastFailure(`cannot map ${path}`) : undefined;
      closeSync(fd);
      return failed ?? ok(regions.add({ address, pages }));
    },
    unmap: (region) => {
      const { address, pages } = regions.remove(region);
      const c = libc();
      if (c.ok) c.value.munmap(address, pages * PAGE_SIZE);
    },
  };
}
