/** Executable images: headers, program headers and notes of ELF, 32 and 64 bits (<elf.h>). */

import { bytes, layout, u8, u16, u32, u64 } from '../core/layout.ts';

export const ELFMAG = '\x7fELF';
export const EI_CLASS = 4;
export const EI_DATA = 5;
export const EI_VERSION = 6;
export const EI_NIDENT = 16;
export const ELFCLASS32 = 1;
export const ELFCLASS64 = 2;
export const ELFDATA2LSB = 1;
export const EV_CURRENT = 1;

export const ET_EXEC = 2;
export const ET_DYN = 3;
export const EM_386 = 3;
export const EM_X86_64 = 62;

export const PT_LOAD = 1;
export const PT_NOTE = 4;
export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;
/** In `e_phnum`: the real number is elsewhere. */
export const PN_XNUM = 0xffff;
export const SHT_NOTE = 7;

export const elf32Ehdr = layout('Elf32_Ehdr', 52, {
  ident: bytes(0, 16, 'e_ident'),
  class: u8(4, 'e_ident[EI_CLASS]'),
  data: u8(5, 'e_ident[EI_DATA]'),
  type: u16(16, 'e_type'),
  machine: u16(18, 'e_machine'),
  version: u32(20, 'e_version'),
  entry: u32(24, 'e_entry'),
  phoff: u32(28, 'e_phoff'),
  shoff: u32(32, 'e_shoff'),
  flags: u32(36, 'e_flags'),
  ehsize: u16(40, 'e_ehsize'),
  phentsize: u16(42, 'e_phentsize'),
  phnum: u16(44, 'e_phnum'),
  shentsize: u16(46, 'e_shentsize'),
  shnum: u16(48, 'e_shnum'),
  shstrndx: u16(50, 'e_shstrndx'),
});

export const elf64Ehdr = layout('Elf64_Ehdr', 64, {
  ident: bytes(0, 16, 'e_ident'),
  class: u8(4, 'e_ident[EI_CLASS]'),
  data: u8(5, 'e_ident[EI_DATA]'),
  type: u16(16, 'e_type'),
  machine: u16(18, 'e_machine'),
  version: u32(20, 'e_version'),
  entry: u64(24, 'e_entry'),
  phoff: u64(32, 'e_phoff'),
  shoff: u64(40, 'e_shoff'),
  flags: u32(48, 'e_flags'),
  ehsize: u16(52, 'e_ehsize'),
  phentsize: u16(54, 'e_phentsize'),
  phnum: u16(56, 'e_phnum'),
  shentsize: u16(58, 'e_shentsize'),
  shnum: u16(60, 'e_shnum'),
  shstrndx: u16(62, 'e_shstrndx'),
});

export const elf32Phdr = layout('Elf32_Phdr', 32, {
  type: u32(0, 'p_type'),
  offset: u32(4, 'p_offset'),
  vaddr: u32(8, 'p_vaddr'),
  paddr: u32(12, 'p_paddr'),
  filesz: u32(16, 'p_filesz'),
  memsz: u32(20, 'p_memsz'),
  flags: u32(24, 'p_flags'),
  align: u32(28, 'p_align'),
});

export const elf64Phdr = layout('Elf64_Phdr', 56, {
  type: u32(0, 'p_type'),
  flags: u32(4, 'p_flags'),
  offset: u64(8, 'p_offset'),
  vaddr: u64(16, 'p_vaddr'),
  paddr: u64(24, 'p_paddr'),
  filesz: u64(32, 'p_filesz'),
  memsz: u64(40, 'p_memsz'),
  align: u64(48, 'p_align'),
});

export const elf32Shdr = layout('Elf32_Shdr', 40, {
  name: u32(0, 'sh_name'),
  type: u32(4, 'sh_type'),
  flags: u32(8, 'sh_flags'),
  addr: u32(12, 'sh_addr'),
  offset: u32(16, 'sh_offset'),
  size: u32(20, 'sh_size'),
});

export const elf64Shdr = layout('Elf64_Shdr', 64, {
  name: u32(0, 'sh_name'),
  type: u32(4, 'sh_type'),
  flags: u64(8, 'sh_flags'),
  addr: u64(16, 'sh_addr'),
  offset: u64(24, 'sh_offset'),
  size: u64(32, 'sh_size'),
});

/** Followed by the name and then the descriptor, each padded to 4 bytes. The same in 32 bits. */
export const elf64Nhdr = layout('Elf64_Nhdr', 12, {
  namesz: u32(0, 'n_namesz'),
  descsz: u32(4, 'n_descsz'),
  type: u32(8, 'n_type'),
});
