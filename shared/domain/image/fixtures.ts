/** Small kernels made up for tests: ELF files with Xen notes, and bzImages around them. */

import * as elf from '../../abi/elf.ts';
import { XEN_ELFNOTE_GUEST_OS, XEN_ELFNOTE_PHYS32_ENTRY } from '../../abi/elfnote.ts';
import { encode, type Fields, type Layout } from '../../core/layout.ts';
import { toLatin1 } from '../../core/text.ts';

export interface NoteSource {
  readonly type: number;
  readonly desc: Uint8Array;
  readonly name?: string;
}

export interface SegmentSource {
  readonly paddr: number;
  readonly bytes: Uint8Array;
  readonly memSize?: number;
  readonly flags?: number;
}

export interface ElfSource {
  readonly class?: 32 | 64;
  readonly machine?: number;
  readonly type?: number;
  readonly segments?: readonly SegmentSource[];
  readonly notes?: readonly NoteSource[];
  /** Which headers lead to the notes. */
  readonly notesBy?: 'program' | 'section';
}

export const BASE = 0x1000000;

export function u32Bytes(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

export const entryNote = (entry: number): NoteSource => {
  return { type: XEN_ELFNOTE_PHYS32_ENTRY, desc: u32Bytes(entry) };
};

export const linuxNote: NoteSource = { type: XEN_ELFNOTE_GUEST_OS, desc: toLatin1('linux\0') };

/** By default a 64-bit kernel of two segments at BASE that starts at BASE + 0x10. */
export function makeElf(source: ElfSource = {}): Uint8Array {
  const wide = source.class !== 32;
  const layouts = wide
    ? { ehdr: elf.elf64Ehdr, phdr: elf.elf64Phdr, shdr: elf.elf64Shdr }
    : { ehdr: elf.elf32Ehdr, phdr: elf.elf32Phdr, shdr: elf.elf32Shdr };
  const segments = source.segments ?? [
    { paddr: BASE, bytes: pattern(0x1234) },
    { paddr: BASE + 0x2000, bytes: pattern(0x100), memSize: 0x5000 },
  ];
  const notes = noteBytes(source.notes ?? [entryNote(BASE + 0x10)]);
  const byProgram = source.notesBy !== 'section';
  const phnum = segments.length + (byProgram ? 1 : 0);
  const phoff = layouts.ehdr.size;
  const shoff = phoff + phnum * layouts.phdr.size;
  const notesAt = shoff + 2 * layouts.shdr.size;
  let at = notesAt + notes.length;
  const file = new Uint8Array(at + segments.reduce((sum, s) => sum + s.bytes.length, 0));
  const put = (layout: Layout, where: number, values: Record<string, number>): void =>
    encode(layout as Layout<Fields>, file, where, values);
  put(layouts.ehdr, 0, {
    class: wide ? elf.ELFCLASS64 : elf.ELFCLASS32,
    data: elf.ELFDATA2LSB,
    type: source.type ?? elf.ET_EXEC,
    machine: source.machine ?? (wide ? elf.EM_X86_64 : elf.EM_386),
    version: elf.EV_CURRENT,
    phoff,
    shoff,
    phentsize: layouts.phdr.size,
    phnum,
    shentsize: layouts.shdr.size,
    shnum: 2,
  });
  file.set(toLatin1(elf.ELFMAG));
  for (const [i, { paddr, bytes, memSize, flags }] of segments.entries()) {
    const memsz = memSize ?? bytes.length;
    put(layouts.phdr, phoff + i * layouts.phdr.size, {
      type: elf.PT_LOAD,
      flags: flags ?? elf.PF_R,
      offset: at,
      paddr,
      filesz: bytes.length,
      memsz,
    });
    file.set(bytes, at);
    at += bytes.length;
  }
  if (byProgram) {
    const where = phoff + segments.length * layouts.phdr.size;
    put(layouts.phdr, where, { type: elf.PT_NOTE, offset: notesAt, filesz: notes.length });
  } else {
    const where = shoff + layouts.shdr.size;
    put(layouts.shdr, where, { type: elf.SHT_NOTE, offset: notesAt, size: notes.length });
  }
  file.set(notes, notesAt);
  return file;
}

/** Bytes that differ from their neighbours and from zero. */
export function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => 1 + (i % 251));
}

function noteBytes(notes: readonly NoteSource[]): Uint8Array {
  const pad = (n: number): number => (n + 3) & ~3;
  const parts = notes.flatMap(({ name, type, desc }) => {
    const text = toLatin1(`${name ?? 'Xen'}\0`);
    const bytes = new Uint8Array(elf.elf64Nhdr.size + pad(text.length) + pad(desc.length));
    encode(elf.elf64Nhdr, bytes, 0, { namesz: text.length, descsz: desc.length, type });
    bytes.set(text, elf.elf64Nhdr.size);
    bytes.set(desc, elf.elf64Nhdr.size + pad(text.length));
    return [...bytes];
  });
  return Uint8Array.from(parts);
}

export interface BzImageSource {
  readonly payload: Uint8Array;
  readonly unpackedBytes: number;
  readonly version?: number;
  readonly setupSects?: number;
}

/** A bzImage whose payload lies 16 bytes into its protected-mode part. */
export function makeBzImage(source: BzImageSource): Uint8Array {
  const setupSects = source.setupSects ?? 3;
  const at = (setupSects + 1) * 512 + 16;
  const file = new Uint8Array(at + source.payload.length + 4 + 100);
  const view = new DataView(file.buffer);
  file[0x1f1] = setupSects;
  file.set(toLatin1('HdrS'), 0x202);
  view.setUint16(0x206, source.version ?? 0x020f, true);
  view.setUint32(0x248, 16, true);
  view.setUint32(0x24c, source.payload.length + 4, true);
  file.set(source.payload, at);
  view.setUint32(at + source.payload.length, source.unpackedBytes, true);
  return file;
}
