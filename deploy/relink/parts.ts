/** How large each part of an image is, from the linker's map. */

import { basename } from 'node:path';

export interface Part {
  readonly name: string;
  readonly bytes: number;
  /** Bytes that are not in the file: zeroed memory. */
  readonly memoryBytes: number;
}

/** Whose bytes a section of an input file are. */
function partOf(section: string, file: string): string {
  const name = basename(file);
  if (section.startsWith('.program')) return 'bytecode';
  if (section.startsWith('.rodata.positions')) return 'positions';
  if (name === 'service.o' || name === 'parts.o') return 'service';
  if (/\.[cS]\.o$/.test(name)) return 'kernel';
  if (/^libc\.a\(/.test(name)) return 'C library';
  if (/^libgcc\.a\(/.test(name)) return 'compiler support';
  return `engine: ${name.replace(/\.o$/, '')}`;
}

/** ` .text.name  0xADDRESS  0xSIZE FILE`; a long name has its numbers on the next line. */
const INPUT = /^ (\.[\w.$-]+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S.*)$/;
const LONG_NAME = /^ (\.[\w.$-]+)$/;

/** The parts, largest first, each section counted with the file that it came from. */
export function partsOf(map: string): readonly Part[] {
  const start = map.indexOf('Linker script and memory map');
  const sums = new Map<string, { bytes: number; memoryBytes: number }>();
  let longName = '';
  for (const line of map.slice(start).split('\n')) {
    const long = LONG_NAME.exec(line);
    if (long) {
      longName = long[1] as string;
      continue;
    }
    const match = INPUT.exec(longName ? ` ${longName} ${line.trim()}` : line);
    longName = '';
    if (!match) continue;
    const [, section = '', hex = '0', file = ''] = match;
    if (/^\.(comment|note\.GNU|note\.gnu|eh_frame|rela|debug)/.test(section)) continue;
    const size = Number.parseInt(hex, 16);
    const name = partOf(section, file);
    const sum = sums.get(name) ?? { bytes: 0, memoryBytes: 0 };
    if (section.startsWith('.bss') || section === 'COMMON') sum.memoryBytes += size;
    else sum.bytes += size;
    sums.set(name, sum);
  }
  return [...sums]
    .map(([name, sum]) => ({ name, ...sum }))
    .filter(({ bytes, memoryBytes }) => bytes + memoryBytes > 0)
    .sort((a, b) => b.bytes - a.bytes || b.memoryBytes - a.memoryBytes);
}

/** The parts as lines of a table. */
export function showParts(parts: readonly Part[]): string {
  const rows = parts.map(
    ({ name, bytes, memoryBytes }) =>
      `${name.padEnd(24)} ${String(bytes).padStart(9)} ${String(memoryBytes).padStart(9)}\n`,
  );
  return `${'part'.padEnd(24)} ${'bytes'.padStart(9)} ${'zeroed'.padStart(9)}\n${rows.join('')}`;
}
