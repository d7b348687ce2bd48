// A hypervisor that is not Debian's: the file of somebody's own build, as QEMU boots it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Images } from '../image/images.ts';
import type { XenVersion } from '../xen-version.ts';

const GZIP = [0x1f, 0x8b];
const ELF = [0x7f, 0x45, 0x4c, 0x46];
const ELFCLASS32 = 1;
/** Of the multiboot header, which lies in the first 8 KiB, on a word (multiboot 0.6.96, 3.1). */
const MULTIBOOT = 0x1badb002;
const MULTIBOOT_SEARCH = 8192;
/** What Xen's first line is printed by (console_init_preirq). */
const BANNER = 'Xen version %d.%d%s';

const starts = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, i) => bytes[i] === byte);

const isMultiboot = (bytes: Buffer): boolean => {
  const end = Math.min(bytes.length, MULTIBOOT_SEARCH) - 3;
  for (let at = 0; at < end; at += 4) if (bytes.readUInt32LE(at) === MULTIBOOT) return true;
  return false;
};

/** What keeps QEMU from booting this as Xen. */
const flaw = (bytes: Buffer): string | undefined => {
  if (!starts(bytes, ELF)) return 'it is no ELF file';
  if (!bytes.includes(BANNER)) return 'it is a program, but not Xen';
  if (bytes[4] !== ELFCLASS32 || !isMultiboot(bytes)) {
    return 'it has no multiboot header (`xen` and `xen.gz` of a build have, xen-syms has not)';
  }
  return undefined;
};

const read = (path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`cannot read the hypervisor: ${(error as Error).message}`);
  }
};

const unpacked = (bytes: Buffer): Buffer | undefined => {
  if (!starts(bytes, GZIP)) return bytes;
  try {
    return gunzipSync(bytes);
  } catch {
    return undefined;
  }
};

/** The hypervisor in a file `xen` or `xen.gz`. Throws what is wrong with it. */
export const readHypervisor = (path: string): Uint8Array => {
  const bytes = unpacked(read(path));
  const why = bytes === undefined ? 'it is a broken gzip file' : flaw(bytes);
  if (why !== undefined) throw new Error(`${path} is not a Xen hypervisor: ${why}`);
  return bytes as Buffer;
};

/** Images with the hypervisor of that file in place of one of Debian's. */
export const withHypervisor = (
  images: Images,
  xen: XenVersion,
  path: string | undefined,
  dir: string,
): Images => {
  if (path === undefined) return images;
  const booted = join(dir, 'xen');
  writeFileSync(booted, readHypervisor(path));
  return { ...images, xen: { ...images.xen, [xen]: booted } };
};
