/**
 * The notes named "Xen" of a kernel image, found as Xen's libelf finds them (libelf-dominfo.c @
 * RELEASE-4.17.0).
 */

import { elf64Nhdr } from '../../abi/elf.ts';
import {
  XEN_ELFNOTE_GUEST_OS,
  XEN_ELFNOTE_PHYS32_ENTRY,
  XEN_ELFNOTE_SUPPORTED_FEATURES,
} from '../../abi/elfnote.ts';
import { decode } from '../../core/layout.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { fromLatin1 } from '../../core/text.ts';

/** `desc` is a view of the file. */
export interface XenNote {
  readonly type: number;
  readonly desc: Uint8Array;
}

/** libelf.h @ RELEASE-4.17.0, ELF_MAX_TOTAL_NOTE_COUNT: notes of all names, in the whole file. */
export const MAX_NOTES = 65536;

/** libelf.h @ RELEASE-4.17.0, ELF_MAX_STRING_LENGTH. */
const MAX_TEXT_BYTES = 4096;

/** features.h @ RELEASE-4.17.0: the kernel takes the RSDP from the start info, wherever that is. */
const XENFEAT_linux_rsdp_unrestricted = 15;

const XEN_NAME = [0x58, 0x65, 0x6e, 0];

const padded = (size: number): number => Math.ceil(size / 4) * 4;

/**
 * The Xen notes in `range`; a note that leaves the range ends it. `budget.left` bounds the work
 * over all ranges of one file, which may overlap. ENOEXEC once it is used up.
 */
export function readNotes(range: Uint8Array, budget: { left: number }): Result<XenNote[]> {
  const notes: XenNote[] = [];
  let at = 0;
  while (at + elf64Nhdr.size <= range.length) {
    if (budget.left-- <= 0)
      return fail('ENOEXEC', `not a kernel: more than ${MAX_NOTES} ELF notes`);
    const header = decode(elf64Nhdr, range, at);
    const name = at + elf64Nhdr.size;
    const desc = name + padded(header.namesz);
    if (desc + header.descsz > range.length) break;
    if (header.namesz >= XEN_NAME.length && XEN_NAME.every((byte, i) => range[name + i] === byte)) {
      notes.push({ type: header.type, desc: range.subarray(desc, desc + header.descsz) });
    }
    at = desc + padded(header.descsz);
  }
  return ok(notes);
}

/** The last note of a type counts, as in libelf. */
function last(notes: readonly XenNote[], type: number): Uint8Array | undefined {
  return notes.findLast((note) => note.type === type)?.desc;
}

function numeric(desc: Uint8Array): bigint {
  return desc.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}

/** The PVH entry point. ENOEXEC without a usable note. */
export function pvhEntry(notes: readonly XenNote[]): Result<number> {
  const desc = last(notes, XEN_ELFNOTE_PHYS32_ENTRY);
  if (desc === undefined) {
    return fail(
      'ENOEXEC',
      'not a PVH kernel: no XEN_ELFNOTE_PHYS32_ENTRY note (Linux needs CONFIG_PVH=y)',
    );
  }
  if (desc.length !== 4 && desc.length !== 8) {
    return fail('ENOEXEC', `XEN_ELFNOTE_PHYS32_ENTRY has ${desc.length} bytes, not 4 or 8`);
  }
  const entry = numeric(desc);
  if (entry > 0xffffffffn) {
    return fail('ENOEXEC', `the PVH entry point 0x${entry.toString(16)} is not a 32-bit address`);
  }
  return ok(Number(entry));
}

function guestOs(notes: readonly XenNote[]): string {
  const desc = last(notes, XEN_ELFNOTE_GUEST_OS)?.subarray(0, MAX_TEXT_BYTES);
  return desc === undefined ? '' : (fromLatin1(desc).split('\0', 1)[0] ?? '');
}

/**
 * Whether the kernel finds the RSDP by the start info alone. Old Linux looks for it below 1 MiB
 * only; newer ones say in a feature note that they do not (libxl_x86_acpi.c @ RELEASE-4.17.0).
 */
export function takesRsdpAnywhere(notes: readonly XenNote[]): boolean {
  if (guestOs(notes) !== 'linux') return true;
  return notes.some(
    ({ type, desc }) =>
      type === XEN_ELFNOTE_SUPPORTED_FEATURES &&
      desc.length >= 4 &&
      ((numeric(desc.subarray(0, 4)) >> BigInt(XENFEAT_linux_rsdp_unrestricted)) & 1n) === 1n,
  );
}
