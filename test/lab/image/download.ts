// Fetches package files, and tells every few seconds how far it is.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Apt, Exactly } from './apt.ts';
import type { PackageFile } from './apt-text.ts';
import type { Spec } from './packages.ts';

export type Progress = (text: string) => void;

export const isThere = (downloads: string, { file, sizeBytes }: PackageFile): boolean => {
  const path = join(downloads, file);
  return existsSync(path) && statSync(path).size === sizeBytes;
};

const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0);

/** Fetches what apt takes for `files` by `specs`. */
export const download = async (
  apt: Apt,
  specs: readonly (Spec | Exactly)[],
  files: readonly PackageFile[],
  say: Progress,
): Promise<void> => {
  const absent = files.filter((file) => !isThere(apt.downloads, file));
  const total = absent.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  say(`downloading ${absent.length} packages (${mib(total)} MiB)`);
  const started = Date.now();
  const timer = setInterval(() => {
    const sizes = readdirSync(apt.downloads, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => statSync(join(apt.downloads, name)))
      .filter(({ ctimeMs }) => ctimeMs >= started);
    say(`downloaded ${mib(sizes.reduce((sum, { size }) => sum + size, 0))} of ${mib(total)} MiB`);
  }, 5000);
  try {
    await apt.download(specs);
  } finally {
    clearInterval(timer);
  }
};
