/**
 * QuickJS as Debian 13's source package, Debian's patches applied: fetched through the machine's
 * own apt configuration, checked against the archive's signed index, kept in the user's cache.
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { openApt } from '../../../test/lab/image/apt.ts';
import type { PackageFile } from '../../../test/lab/image/apt-text.ts';
import { fetched } from '../cache.ts';

const SPEC = 'quickjs/trixie';

/** What our changes to it (rows.ts, heat.ts, early.ts) were made for. */
export const KNOWN_VERSION = '2025.04.26-1';

export interface EngineSource {
  /** quickjs.c and its neighbours. */
  readonly dir: string;
  readonly about: PackageFile;
}

/** Fetches and unpacks it into `work`/source. */
async function fetchInto(work: string): Promise<PackageFile> {
  const place = join(work, 'apt');
  const apt = await openApt(place, { kind: 'deb-src' });
  await apt.update();
  const about = await apt.resolveSource(SPEC);
  if (about === undefined) throw new Error('the archive has no such source package');
  await apt.downloadSource(SPEC);
  // apt has checked the .dsc; that names the sums of the other files, which are checked here.
  const unpack = ['--extract', join(apt.downloads, about.file), join(work, 'source')];
  await execa('dpkg-source', unpack);
  await rm(place, { recursive: true });
  return about;
}

/** Throws an Error that says what is missing when it cannot be fetched. */
export async function openEngineSource(say: (text: string) => void): Promise<EngineSource> {
  const name = `engine-${SPEC.replace('/', '-')}`;
  try {
    const { dir, about } = await fetched(name, async (work) => {
      say("fetching the engine's source, Debian's package quickjs");
      return fetchInto(work);
    });
    return { dir: join(dir, 'source'), about };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `the engine's source, Debian's source package ${SPEC}, is neither in the cache nor to be ` +
        `had from the archive that apt knows: ${why}`,
    );
  }
}
