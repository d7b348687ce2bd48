/** Kernels and ramdisks from files; what took long to unpack is kept, in memory and on disk. */

import { fail, ok, type Result } from '../../core/result.ts';
import type { FileStat, Files } from '../../platform/files.ts';
import { UNPACKED_MAX_BYTES } from '../image/bzimage.ts';
import { type KernelImage, readKernel } from '../image/index.ts';

/** Where kernels and ramdisks come from. Failures name the path. */
export interface ImageFiles {
  /** Reads and unpacks a kernel; one that did not change since may come from a cache. */
  kernel(path: string): Promise<Result<KernelImage>>;
  ramdisk(path: string): Promise<Result<Uint8Array>>;
}

/** Larger than any kernel or ramdisk in use, small enough not to end the process. */
const KERNEL_MAX_BYTES = 256 * 2 ** 20;
const RAMDISK_MAX_BYTES = 2 ** 31 - 1;

/** Kernels kept unpacked: some 50 MiB each. */
const IN_MEMORY_MAX = 2;
const ON_DISK_MAX = 8;

/** Without a `cacheDir` nothing is kept on disk; it is only read, unless it is to be `filled`. */
export function createImageFiles(files: Files, cacheDir?: string, filled = true): ImageFiles {
  const inMemory = new Map<string, KernelImage>();

  const keep = (identity: string, kernel: KernelImage): void => {
    const oldest = inMemory.keys().next();
    if (inMemory.size >= IN_MEMORY_MAX && !oldest.done) inMemory.delete(oldest.value);
    inMemory.set(identity, kernel);
  };

  return {
    kernel: async (path) => {
      const stat = await files.stat(path);
      if (!stat.ok) return named('kernel', path, stat);
      const known = inMemory.get(stat.value.identity);
      if (known !== undefined) return ok(known);
      const read =
        (await readCached(files, cacheDir, stat.value)) ??
        (await readPacked(files, filled ? cacheDir : undefined, path, stat.value));
      if (!read.ok) return named('kernel', path, read);
      keep(stat.value.identity, read.value);
      return read;
    },
    ramdisk: async (path) => named('ramdisk', path, await files.read(path, RAMDISK_MAX_BYTES)),
  };
}

function named<T>(what: string, path: string, result: Result<T>): Result<T> {
  if (result.ok) return result;
  const { errno, what: why } = result.error;
  return fail(errno, why.includes(path) ? `${what} ${why}` : `${what} ${path}: ${why}`);
}

function cachePath(cacheDir: string, { identity }: FileStat): string {
  return `${cacheDir}/${identity.replaceAll(/[^0-9A-Za-z.-]/g, '-')}.elf`;
}

/** Undefined if it is not there, or not what it should be: then it is made again. */
async function readCached(
  files: Files,
  cacheDir: string | undefined,
  stat: FileStat,
): Promise<Result<KernelImage> | undefined> {
  if (cacheDir === undefined) return undefined;
  const bytes = await files.read(cachePath(cacheDir, stat), UNPACKED_MAX_BYTES);
  if (!bytes.ok) return undefined;
  const kernel = readKernel(bytes.value, files.decompress);
  return kernel.ok ? kernel : undefined;
}

async function readPacked(
  files: Files,
  cacheDir: string | undefined,
  path: string,
  stat: FileStat,
): Promise<Result<KernelImage>> {
  const bytes = await files.read(path, KERNEL_MAX_BYTES);
  if (!bytes.ok) return bytes;
  let unpacked: Uint8Array | undefined;
  const kernel = readKernel(bytes.value, (kind, packed, limitBytes) => {
    const result = files.decompress(kind, packed, limitBytes);
    if (result.ok) unpacked = result.value;
    return result;
  });
  // A cache that cannot be written (no room, not root) only costs time.
  if (kernel.ok && unpacked !== undefined && cacheDir !== undefined) {
    await store(files, cacheDir, stat, unpacked);
  }
  return kernel;
}

async function store(files: Files, dir: string, stat: FileStat, elf: Uint8Array): Promise<void> {
  const names = await files.list(dir);
  if (names.ok && names.value.length >= ON_DISK_MAX) {
    for (const name of names.value) await files.remove(`${dir}/${name}`);
  }
  await files.write(cachePath(dir, stat), elf);
}
