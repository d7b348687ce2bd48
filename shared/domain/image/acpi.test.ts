import { describe, expect, test } from 'vitest';
import { fromLatin1 } from '../../core/text.ts';
import { type AcpiTables, acpiTables } from './acpi.ts';

const PADDR = 0xfc000000;

/** Reads tables as a guest does: from the RSDP through the XSDT, by signature. */
function follow({ tables, rsdp }: AcpiTables): Map<string, DataView> {
  const found = new Map<string, DataView>();
  const table = (paddr: bigint): DataView => {
    const at = Number(paddr) - PADDR;
    expect(at).toBeGreaterThanOrEqual(0);
    const header = new DataView(tables.buffer, at, 36);
    const length = header.getUint32(4, true);
    const view = new DataView(tables.buffer, at, length);
    found.set(fromLatin1(tables.subarray(at, at + 4)), view);
    return view;
  };
  const xsdt = table(new DataView(rsdp.buffer).getBigUint64(24, true));
  for (let at = 36; at < xsdt.byteLength; at += 8) table(xsdt.getBigUint64(at, true));
  const fadt = found.get('FACP');
  if (fadt !== undefined) table(fadt.getBigUint64(140, true));
  return found;
}

function sum(view: ArrayBufferView): number {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return bytes.reduce((total, byte) => total + byte, 0) & 0xff;
}

describe('the ACPI tables', () => {
  test('lead from the RSDP to FADT, MADT and DSDT, each with a right checksum', () => {
    const tables = acpiTables(PADDR, 1, 1);
    const found = follow(tables);
    expect([...found.keys()]).toEqual(['XSDT', 'FACP', 'APIC', 'DSDT']);
    for (const view of found.values()) {
      expect(sum(view)).toBe(0);
      expect(view.byteOffset % 16).toBe(0);
    }
  });

  test('have an RSDP of revision 2 with a sum over 20 and one over all bytes', () => {
    const { rsdp } = acpiTables(PADDR, 1, 1);
    expect(fromLatin1(rsdp.subarray(0, 8))).toBe('RSD PTR ');
    expect(rsdp[15]).toBe(2);
    expect(new DataView(rsdp.buffer).getUint32(20, true)).toBe(36);
    expect(rsdp.length).toBe(36);
    expect(sum(rsdp.subarray(0, 20))).toBe(0);
    expect(sum(rsdp)).toBe(0);
  });

  test('name one local APIC a vCPU, enabled if online, its id twice its number', () => {
    const madt = follow(acpiTables(PADDR, 2, 3)).get('APIC');
    expect(madt?.byteLength).toBe(44 + 3 * 8);
    expect(madt?.getUint32(36, true)).toBe(0xfee00000);
    const apics = [0, 1, 2].map((i) => {
      const at = 44 + 8 * i;
      const byte = (offset: number) => madt?.getUint8(at + offset);
      return [byte(0), byte(1), byte(2), byte(3), madt?.getUint32(at + 4, true)];
    });
    expect(apics).toEqual([
      [0, 8, 0, 0, 1],
      [0, 8, 1, 2, 1],
      [0, 8, 2, 4, 0],
    ]);
  });

  test('fit into one page with 128 vCPUs, and their last APIC id into a byte', () => {
    const tables = acpiTables(PADDR, 128, 128);
    expect(tables.tables.length + tables.rsdp.length).toBeLessThan(4096);
    const madt = follow(tables).get('APIC');
    expect(madt?.getUint8(44 + 127 * 8 + 3)).toBe(254);
  });

  test('say that there is no fixed hardware, VGA or CMOS clock', () => {
    const fadt = follow(acpiTables(PADDR, 1, 1)).get('FACP');
    expect(fadt?.byteLength).toBe(268);
    expect([fadt?.getUint8(8), fadt?.getUint8(131)]).toEqual([5, 1]);
    expect((fadt?.getUint32(112, true) ?? 0) & (1 << 20)).not.toBe(0);
    expect(fadt?.getUint16(109, true)).toBe(0x24);
    expect(BigInt(fadt?.getUint32(40, true) ?? 0)).toBe(fadt?.getBigUint64(140, true));
  });

  test('have a DSDT of one empty scope', () => {
    const dsdt = follow(acpiTables(PADDR, 1, 1)).get('DSDT');
    const aml = Array.from({ length: 7 }, (_, i) => dsdt?.getUint8(36 + i));
    expect(dsdt?.byteLength).toBe(43);
    expect(aml).toEqual([0x10, 6, ...[...'\\_SB_'].map((c) => c.charCodeAt(0))]);
  });
});
