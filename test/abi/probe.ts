/** A C program that measures what our tables claim, and the comparison of both. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { assert } from '../../shared/core/assert.ts';
import { type Field, memberName } from '../../shared/core/layout.ts';
import type { Tables } from './tables.ts';

const PRELUDE = `
#define __XEN_TOOLS__ 1
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <xenctrl.h>
#include <xengnttab.h>
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/elfnote.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/version.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/hvm/save.h>
#include <xen/io/blkif.h>
#include <xen/io/netif.h>
#include <xen/io/protocols.h>
#include <xen/io/console.h>
#include <xen/io/libxenvchan.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SIGN(lvalue) _Generic(lvalue, signed char: "signed", short: "signed", int: "signed", \\
  long: "signed", long long: "signed", default: "unsigned")
#define LAYOUT(type) printf("%zu\\n", sizeof(type))
#define FIELD(type, member) printf("%zu %zu %s\\n", offsetof(type, member), \\
  sizeof(((type *)0)->member), SIGN(((type *)0)->member))
#define NUMBER(value) printf("%lld\\n", (long long)(value))

static void text(const char *s)
{
  for ( ; *s; s++ ) printf("%02x", (unsigned char)*s);
  putchar('\\n');
}

int main(void)
{
`;

/** One measurement: its name for messages, the C that prints it, the line that we expect. */
interface Check {
  readonly name: string;
  readonly c: string;
  readonly ours: string;
}

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

function fieldLine(field: Field, signed: boolean): string {
  return `${field.at} ${field.size} ${signed ? 'signed' : 'unsigned'}`;
}

function checks({ layouts, constants }: Tables): Check[] {
  return [
    ...layouts.flatMap(({ name, value }) => [
      { name: `${name} (sizeof)`, c: `LAYOUT(${value.c});`, ours: `${value.size}` },
      ...Object.entries(value.fields).map(([key, field]) => ({
        name: `${name}.${key} (offset size sign)`,
        c: `FIELD(${value.c}, ${memberName(key, field)});`,
        ours: fieldLine(field, field.kind === 'i16' || field.kind === 'i32'),
      })),
    ]),
    ...constants.map(({ name, c, value }) =>
      typeof value === 'number'
        ? { name, c: `NUMBER(${c});`, ours: `${value}` }
        : { name, c: `text(${c});`, ours: hex(value) },
    ),
  ];
}

/** The program. A line directive before each measurement makes gcc name our table in its errors. */
export function program(tables: Tables): string {
  const lines = checks(tables).map(({ name, c }) => `#line 1 "${name}"\n${c}\n`);
  return `${PRELUDE}${lines.join('')}return 0;\n}\n`;
}

/** Compiles and runs the program over the headers in `include`: its lines. Throws gcc's errors. */
export async function measure(tables: Tables, include: string): Promise<string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'xtl-abi-'));
  try {
    await writeFile(join(dir, 'probe.c'), program(tables));
    await execa('gcc', ['-w', '-std=gnu11', `-I${include}`, '-o', 'probe', 'probe.c'], {
      cwd: dir,
    });
    return (await execa(join(dir, 'probe'))).stdout.split('\n');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** What differs, one sentence each: the table and field, ours, theirs. */
export function differences(tables: Tables, measured: readonly string[]): string[] {
  const all = checks(tables);
  assert(all.length === measured.length, `${measured.length} measurements of ${all.length}`);
  return all.flatMap(({ name, ours }, i) =>
    ours === measured[i] ? [] : [`${name}: ours ${ours}, Xen's ${measured[i]}`],
  );
}
