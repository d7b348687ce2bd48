/** Our tables against Xen's own headers, of every release that we serve. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { i16, type Layout, layout, u16, u32 } from '../../shared/core/layout.ts';
import { xenHeaders } from './headers.ts';
import { differences, measure } from './probe.ts';
import { modules, releases, type Tables, tables } from './tables.ts';

test('every file of shared/abi is in the index', () => {
  const files = readdirSync(join(import.meta.dirname, '../../shared/abi'));
  const sources = files.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  expect(sources.map((name) => name.slice(0, -3)).sort()).toEqual(Object.keys(modules).sort());
});

describe.each(releases)('Xen $xen', (release) => {
  let include: string;
  const all = tables(release);

  beforeAll(async () => {
    include = await xenHeaders(release.suite);
  }, 300_000);

  test('sizes, offsets, signs and constants are those of the headers', async () => {
    expect(all.layouts.length).toBeGreaterThan(40);
    expect(all.constants.length).toBeGreaterThan(250);
    expect(differences(all, await measure(all, include))).toEqual([]);
  });

  test.each(release.lacks)('%s, which the release lacks, is not there', async (name) => {
    const c = name.startsWith('struct ') ? `sizeof(${name})` : name;
    const missing: Tables = { layouts: [], constants: [{ name: 'x', c, value: 0 }] };
    await expect(measure(missing, include)).rejects.toThrow(name);
  });

  const wrong: { what: string; table: Layout; found: string[] }[] = [
    {
      what: 'a wrong offset',
      table: layout('struct evtchn_alloc_unbound', 8, { remoteDom: u16(4), port: u32(4) }),
      found: ["wrong.remoteDom (offset size sign): ours 4 2 unsigned, Xen's 2 2 unsigned"],
    },
    {
      what: 'a wrong size',
      table: layout('struct evtchn_alloc_unbound', 12, { port: u32(4) }),
      found: ["wrong (sizeof): ours 12, Xen's 8"],
    },
    {
      what: 'a wrong width',
      table: layout('struct evtchn_send', 4, { port: u16(0) }),
      found: ["wrong.port (offset size sign): ours 0 2 unsigned, Xen's 0 4 unsigned"],
    },
    {
      what: 'a wrong sign',
      table: layout('struct gnttab_copy', 40, { flags: i16(34), status: u16(36) }),
      found: [
        "wrong.flags (offset size sign): ours 34 2 signed, Xen's 34 2 unsigned",
        "wrong.status (offset size sign): ours 36 2 unsigned, Xen's 36 2 signed",
      ],
    },
  ];
  test.each(wrong)('$what is found', async ({ table, found }) => {
    const one: Tables = { layouts: [{ name: 'wrong', value: table }], constants: [] };
    expect(differences(one, await measure(one, include))).toEqual(found);
  });

  test('a wrong constant is found', async () => {
    const one: Tables = {
      layouts: [],
      constants: [{ name: 'xen.DOMID_SELF', c: 'DOMID_SELF', value: 0x7ff1 }],
    };
    const found = differences(one, await measure(one, include));
    expect(found).toEqual(["xen.DOMID_SELF: ours 32753, Xen's 32752"]);
  });

  test('a field that the struct does not have is named with its table', async () => {
    const table = layout('struct evtchn_send', 4, { prt: u32(0) });
    const one: Tables = {
      layouts: [{ name: 'event-channel.evtchnSend', value: table }],
      constants: [],
    };
    await expect(measure(one, include)).rejects.toThrow(/event-channel\.evtchnSend\.prt/);
  });
});
