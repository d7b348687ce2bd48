import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as elf from '../../abi/elf.ts';
import { XEN_ELFNOTE_PHYS32_ENTRY, XEN_ELFNOTE_SUPPORTED_FEATURES } from '../../abi/elfnote.ts';
import { encode } from '../../core/layout.ts';
import { must } from '../../core/result.ts';
import { readElf } from './elf.ts';
import {
  BASE,
  entryNote,
  linuxNote,
  makeElf,
  type NoteSource,
  pattern,
  u32Bytes,
} from './fixtures.ts';

function why(bytes: Uint8Array): string {
  const result = readElf(bytes);
  expect(result.ok).toBe(false);
  return result.ok ? '' : `${result.error.errno}: ${result.error.what}`;
}

describe('a kernel', () => {
  test.each([
    ['64 bit', {}, 64],
    ['32 bit', { class: 32 as const }, 32],
    ['64 bit, with its notes in a section', { notesBy: 'section' as const }, 64],
    [
      '32 bit, with its notes in a section',
      { class: 32 as const, notesBy: 'section' as const },
      32,
    ],
    ['position independent', { type: elf.ET_DYN }, 64],
  ])('of %s is read with its entry and its segments', (_, source, bits) => {
    const file = makeElf(source);
    const kernel = must(readElf(file));
    expect(kernel).toMatchObject({
      class: bits,
      entry: BASE + 0x10,
      loadStart: BASE,
      loadEnd: BASE + 0x7000,
    });
    expect(kernel.segments.map((s) => [s.paddr, s.bytes.length, s.memSize])).toEqual([
      [BASE, 0x1234, 0x1234],
      [BASE + 0x2000, 0x100, 0x5000],
    ]);
    expect(kernel.segments[0]?.bytes).toEqual(pattern(0x1234));
    expect(kernel.segments[0]?.bytes.buffer).toBe(file.buffer);
  });

  test('has its segments in the order of addresses, without empty and unreadable ones', () => {
    const bytes = pattern(16);
    const segments = [
      { paddr: BASE + 0x3000, bytes },
      { paddr: 0, bytes: new Uint8Array(), memSize: 0 },
      { paddr: 0x10, bytes, flags: 0 },
      { paddr: BASE, bytes, flags: elf.PF_X },
    ];
    const kernel = must(readElf(makeElf({ segments, notes: [entryNote(BASE)] })));
    expect(kernel.segments.map((s) => s.paddr)).toEqual([BASE, BASE + 0x3000]);
  });

  test('has the entry of its last entry note, in 4 or in 8 bytes', () => {
    const wide: NoteSource = {
      type: XEN_ELFNOTE_PHYS32_ENTRY,
      desc: Uint8Array.of(0x20, 0, 0, 1, 0, 0, 0, 0),
    };
    const foreign = { ...entryNote(1), name: 'GNU' };
    const kernel = must(readElf(makeElf({ notes: [entryNote(BASE), foreign, wide, foreign] })));
    expect(kernel.entry).toBe(BASE + 0x20);
    expect(kernel.notes.map((note) => note.type)).toEqual([18, 18]);
  });

  const features = (bits: number): NoteSource => {
    return { type: XEN_ELFNOTE_SUPPORTED_FEATURES, desc: u32Bytes(bits) };
  };
  test.each([
    ['not Linux takes the RSDP anywhere', [], true],
    ['Linux with other features wants it low', [linuxNote, features(0x7fff)], false],
    ['Linux with that feature takes it anywhere', [linuxNote, features(0x8000)], true],
    ['Linux without a feature note wants it low', [linuxNote], false],
  ])('that is %s', (_, notes, expected) => {
    const kernel = must(readElf(makeElf({ notes: [entryNote(BASE), ...notes] })));
    expect(kernel.rsdpAnywhere).toBe(expected);
  });
});

describe('a file that is no PVH kernel is refused with the reason:', () => {
  const bytes = pattern(16);
  const at = (paddr: number, memSize?: number) => {
    return { paddr, bytes, ...(memSize === undefined ? {} : { memSize }) };
  };
  test.each([
    ['no entry note', { notes: [linuxNote] }, 'not a PVH kernel: no XEN_ELFNOTE_PHYS32_ENTRY note'],
    ['another machine', { machine: 183 }, 'not a kernel for x86: ELF machine 183'],
    ['an object file', { type: 1 }, 'ELF type 1 is no executable'],
    ['no segments', { segments: [] }, 'nothing in the file is to be loaded'],
    ['entry below', { notes: [entryNote(BASE - 1)] }, 'entry point 0xffffff is outside the kernel'],
    [
      'entry between segments',
      { segments: [at(BASE), at(BASE + 0x2000)], notes: [entryNote(BASE + 0x1000)] },
      "entry point 0x1001000 is outside the kernel's segments",
    ],
    ['entry above', { notes: [entryNote(BASE + 0x7000)] }, 'entry point 0x1007000 is outside'],
    [
      'a strange entry note',
      { notes: [{ type: 18, desc: pattern(3) }] },
      'PHYS32_ENTRY has 3 bytes, not 4 or 8',
    ],
    ['a 64-bit entry', { notes: [{ type: 18, desc: pattern(8) }] }, 'is not a 32-bit address'],
    ['overlap', { segments: [at(BASE, 0x20), at(BASE + 0x1f)] }, 'overlaps another'],
    ['file larger', { segments: [at(BASE, 15)] }, 'is larger than its memory'],
    ['beyond', { segments: [at(2 ** 52 - 8)] }, 'ends beyond physical memory'],
    [
      'many segments',
      { segments: Array.from({ length: 1025 }, (_, i) => at(BASE + 16 * i)) },
      'more than 1024 segments',
    ],
  ])('%s', (_, source, expected) => {
    expect(why(makeElf(source))).toMatch(/^ENOEXEC: /);
    expect(why(makeElf(source))).toContain(expected);
  });

  test.each([
    ['nothing', new Uint8Array(), 'not an ELF file'],
    ['half a header', makeElf().subarray(0, 63), 'ends inside its header'],
    ['no program headers', makeElf().subarray(0, 100), 'program headers lie outside the file'],
    ['half a segment', makeElf().subarray(0, -1), 'segment at 0x1002000 is cut off'],
    ['class 3', patched((file) => file.fill(3, 4, 5)), 'neither 32 nor 64 bit'],
    ['big endian', patched((file) => file.fill(2, 5, 6)), 'not a kernel for x86'],
    [
      'program headers too small',
      patched((file) => encode(elf.elf64Ehdr, file, 0, { phentsize: 55 })),
      'program headers have 55 bytes each',
    ],
    [
      'section headers beyond the file',
      patched((file) => encode(elf.elf64Ehdr, file, 0, { shoff: 2n ** 63n })),
      'section headers lie outside the file',
    ],
    [
      'a segment beyond the file, modulo 2^64',
      patched((file) => encode(elf.elf64Phdr, file, 64, { offset: 2n ** 64n - 8n })),
      'is cut off',
    ],
  ])('%s', (_, bytes, expected) => {
    expect(why(bytes)).toContain(expected);
  });

  test('more notes than libelf reads', () => {
    const notes = Array.from({ length: 65537 }, () => ({ type: 0, desc: new Uint8Array() }));
    expect(why(makeElf({ notes }))).toContain('more than 65536 ELF notes');
  });
});

function patched(patch: (file: Uint8Array) => void): Uint8Array {
  const file = makeElf();
  patch(file);
  return file;
}

describe('whatever the bytes are, readElf returns a kernel within the file or a reason:', () => {
  const sane = (bytes: Uint8Array): void => {
    const result = readElf(bytes);
    if (!result.ok) {
      expect(result.error.errno).toBe('ENOEXEC');
      return;
    }
    const { segments, loadStart, loadEnd, entry } = result.value;
    let end = loadStart;
    for (const segment of segments) {
      expect(segment.paddr).toBeGreaterThanOrEqual(end);
      expect(segment.bytes.length).toBeLessThanOrEqual(segment.memSize);
      end = segment.paddr + segment.memSize;
      expect(segment.bytes.buffer).toBe(bytes.buffer);
    }
    expect(end).toBe(loadEnd);
    expect(entry >= loadStart && entry < loadEnd).toBe(true);
  };

  test('random bytes behind an ELF magic', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 512 }), fc.constantFrom(1, 2), (tail, fileClass) => {
        const bytes = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, fileClass, 1, 1, ...tail);
        sane(bytes);
      }),
      { numRuns: 500 },
    );
  });

  test('a valid kernel with some bytes changed and its end cut off', () => {
    const files = [makeElf(), makeElf({ class: 32 }), makeElf({ notesBy: 'section' })];
    const headers = 64 + 3 * 56 + 2 * 64 + 32;
    const change = fc.tuple(fc.nat({ max: headers }), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(change, { maxLength: 8 }),
        fc.option(fc.nat({ max: 0x1600 })),
        (file, changes, length) => {
          const bytes = file.slice(0, length ?? file.length);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          sane(bytes);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
