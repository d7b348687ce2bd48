/**
 * Reads an ELF kernel: what goes where in a PVH guest's memory and where it starts (<elf.h>, libelf
 * @ RELEASE-4.17.0).
 */

import * as elf from '../../abi/elf.ts';
import { decode, type Fields, type Layout, type Values } from '../../core/layout.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { MAX_NOTES, pvhEntry, readNotes, takesRsdpAnywhere, type XenNote } from './elf-notes.ts';

/** Bytes for physical address `paddr`; up to `memSize` they are followed by zeros. */
export interface Segment {
  readonly paddr: number;
  /** A view of the file. */
  readonly bytes: Uint8Array;
  readonly memSize: number;
}

export interface KernelImage {
  readonly class: 32 | 64;
  /** Physical, below 4 GiB, inside the loaded range. */
  readonly entry: number;
  /** Not empty, by ascending address, disjoint. */
  readonly segments: readonly Segment[];
  /** From the first byte of the first segment to the end of the last. */
  readonly loadStart: number;
  readonly loadEnd: number;
  /**
   * The notes named "Xen". XEN_ELFNOTE_PHYS32_RELOC is there, but a guest loads where it is linked.
   */
  readonly notes: readonly XenNote[];
  /** False: the kernel looks for the RSDP in the first MiB only (old Linux). */
  readonly rsdpAnywhere: boolean;
}

/** Our bound: Linux has 4 or 5 segments to load. */
const MAX_SEGMENTS = 1024;

/** x86 has 52 bits of physical address at most. */
const PADDR_END = 2 ** 52;

interface Headers {
  readonly class: 32 | 64;
  readonly programs: readonly Range[];
  readonly sections: readonly Range[];
}

/** One program or section header; a section has no paddr and no memsz. */
interface Range {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly filesz: number;
  readonly paddr: number;
  readonly memsz: number;
}

const broken = (what: string) => fail('ENOEXEC', `broken ELF file: ${what}`);
const hex = (n: number): string => `0x${n.toString(16)}`;

export function isElf(bytes: Uint8Array): boolean {
  return [...elf.ELFMAG].every((char, i) => bytes[i] === char.charCodeAt(0));
}

/**
 * Reads an uncompressed ELF kernel. Its segments are views of `bytes`. ENOEXEC says what is wrong.
 */
export function readElf(bytes: Uint8Array): Result<KernelImage> {
  const headers = readHeaders(bytes);
  if (!headers.ok) return headers;
  const segments = readSegments(bytes, headers.value.programs);
  if (!segments.ok) return segments;
  const notes = readAllNotes(bytes, headers.value);
  if (!notes.ok) return notes;
  const entry = pvhEntry(notes.value);
  if (!entry.ok) return entry;
  const loadStart = segments.value[0]?.paddr ?? 0;
  const loadEnd = segments.value.reduce((end, s) => Math.max(end, s.paddr + s.memSize), 0);
  const holdsEntry = ({ paddr, memSize }: Segment): boolean =>
    paddr <= entry.value && entry.value < paddr + memSize;
  if (!segments.value.some(holdsEntry)) {
    const where = `${hex(loadStart)} to ${hex(loadEnd)}`;
    const what = `the entry point ${hex(entry.value)} is outside the kernel's segments`;
    return fail('ENOEXEC', `${what}, which lie from ${where}`);
  }
  return ok({
    class: headers.value.class,
    entry: entry.value,
    segments: segments.value,
    loadStart,
    loadEnd,
    notes: notes.value,
    rsdpAnywhere: takesRsdpAnywhere(notes.value),
  });
}

function readHeaders(bytes: Uint8Array): Result<Headers> {
  if (!isElf(bytes)) return fail('ENOEXEC', 'not an ELF file');
  const wide = bytes[elf.EI_CLASS] === elf.ELFCLASS64;
  if (!wide && bytes[elf.EI_CLASS] !== elf.ELFCLASS32) {
    return broken(`class ${bytes[elf.EI_CLASS]} is neither 32 nor 64 bit`);
  }
  const headerLayout = wide ? elf.elf64Ehdr : elf.elf32Ehdr;
  if (bytes.length < headerLayout.size) return broken('it ends inside its header');
  const header = decode(headerLayout as typeof elf.elf64Ehdr, bytes);
  // Class and machine may disagree: the entry is 32-bit code either way.
  const x86 = header.machine === elf.EM_386 || header.machine === elf.EM_X86_64;
  if (header.data !== elf.ELFDATA2LSB || !x86) {
    return fail('ENOEXEC', `not a kernel for x86: ELF machine ${header.machine}`);
  }
  if (header.type !== elf.ET_EXEC && header.type !== elf.ET_DYN) {
    return fail('ENOEXEC', `not a kernel: ELF type ${header.type} is no executable`);
  }
  const programs = readTable(bytes, wide ? elf.elf64Phdr : elf.elf32Phdr, {
    what: 'program',
    at: Number(header.phoff),
    stride: header.phentsize,
    count: header.phnum,
  });
  if (!programs.ok) return programs;
  const sections = readTable(bytes, wide ? elf.elf64Shdr : elf.elf32Shdr, {
    what: 'section',
    at: Number(header.shoff),
    stride: header.shentsize,
    count: header.shnum,
  });
  if (!sections.ok) return sections;
  return ok({ class: wide ? 64 : 32, programs: programs.value, sections: sections.value });
}

interface Table {
  readonly what: string;
  readonly at: number;
  readonly stride: number;
  readonly count: number;
}

/** The count is a u16, so that a table takes at most 65535 decodes. */
function readTable(bytes: Uint8Array, entry: Layout, table: Table): Result<Range[]> {
  const { what, at, stride, count } = table;
  if (count === 0) return ok([]);
  if (stride < entry.size) return broken(`its ${what} headers have ${stride} bytes each`);
  if (at + stride * count > bytes.length) return broken(`its ${what} headers lie outside the file`);
  return ok(Array.from({ length: count }, (_, i) => range(decode(entry, bytes, at + i * stride))));
}

/** A u64 that no double can hold comes out too large for every bound it meets. */
function range(values: Values<Fields>): Range {
  const number = (name: string): number => Number(values[name] ?? 0);
  return {
    type: number('type'),
    flags: number('flags'),
    offset: number('offset'),
    filesz: number('filesz') + number('size'),
    paddr: number('paddr'),
    memsz: number('memsz'),
  };
}

function readSegments(bytes: Uint8Array, programs: readonly Range[]): Result<Segment[]> {
  const readable = elf.PF_R | elf.PF_W | elf.PF_X;
  const loads = programs.filter(
    (p) => p.type === elf.PT_LOAD && (p.flags & readable) !== 0 && p.memsz > 0,
  );
  if (loads.length === 0)
    return fail('ENOEXEC', 'not a kernel: nothing in the file is to be loaded');
  if (loads.length > MAX_SEGMENTS) return broken(`more than ${MAX_SEGMENTS} segments to load`);
  loads.sort((a, b) => a.paddr - b.paddr);
  let end = 0;
  for (const { offset, filesz, paddr, memsz } of loads) {
    if (offset + filesz > bytes.length) return broken(`the segment at ${hex(paddr)} is cut off`);
    if (filesz > memsz) return broken(`the segment at ${hex(paddr)} is larger than its memory`);
    if (paddr < end) return broken(`the segment at ${hex(paddr)} overlaps another`);
    end = paddr + memsz;
    if (end > PADDR_END) return broken(`the segment at ${hex(paddr)} ends beyond physical memory`);
  }
  return ok(
    loads.map(({ offset, filesz, paddr, memsz }) => {
      return { paddr, bytes: bytes.subarray(offset, offset + filesz), memSize: memsz };
    }),
  );
}

/** Notes of the program headers; where they hold none of Xen's, those of the sections. */
function readAllNotes(bytes: Uint8Array, headers: Headers): Result<XenNote[]> {
  const budget = { left: MAX_NOTES };
  // An offset of 0 comes from linkers that left it out (libelf skips those too).
  const segments = headers.programs.filter((p) => p.type === elf.PT_NOTE && p.offset !== 0);
  const sections = headers.sections.filter((s) => s.type === elf.SHT_NOTE);
  for (const ranges of [segments, sections]) {
    const found: XenNote[] = [];
    for (const { offset, filesz } of ranges) {
      const notes = readNotes(bytes.subarray(offset, offset + filesz), budget);
      if (!notes.ok) return notes;
      for (const note of notes.value) found.push(note);
    }
    if (found.length > 0) return ok(found);
  }
  return ok([]);
}
