/**
 * The ACPI tables of a PVH guest: RSDP, XSDT, FADT, MADT and a DSDT (ACPI 5.1; what libacpi builds
 * for PVH @ RELEASE-4.17.0, less the hardware that it describes and no PVH guest has).
 *
 * Linux finds its vCPUs by the MADT alone. The DSDT has no processor objects: with them Linux loads
 * its ACPI idle driver, which puts a governor in the way of a plain HLT.
 */

import { assert } from '../../core/assert.ts';
import { bytes, encode, layout, make, u8, u16, u32, u64 } from '../../core/layout.ts';
import { toLatin1 } from '../../core/text.ts';
import { LAPIC_PADDR } from './memory-layout.ts';

export interface AcpiTables {
  /** XSDT, FADT, MADT and DSDT for the address asked for. */
  readonly tables: Uint8Array;
  /** For any address (aligned to 16), since nothing in it depends on where it is. */
  readonly rsdp: Uint8Array;
}

/** The common header of all tables but the RSDP. */
const HEADER_SIZE = 36;
const tableHeader = layout('struct acpi_table_header', HEADER_SIZE, {
  signature: bytes(0, 4),
  length: u32(4),
  revision: u8(8),
  checksum: u8(9),
  oemId: bytes(10, 6),
  oemTableId: bytes(16, 8),
  oemRevision: u32(24),
  creatorId: bytes(28, 4),
  creatorRevision: u32(32),
});

/** The fields that matter under HW_REDUCED_ACPI; all others stay zero. */
const fadt = layout('struct acpi_table_fadt', 268, {
  dsdt: u32(40),
  bootFlags: u16(109, 'boot_flags'),
  flags: u32(112),
  minorRevision: u8(131, 'minor_revision'),
  xDsdt: u64(140, 'Xdsdt'),
});
const FADT_REVISION = 5;
const FADT_MINOR_REVISION = 1;
/** Without these two, Linux takes a guest of Xen for HVM and looks for a CMOS clock and a VGA. */
const BOOT_NO_VGA = 1 << 2;
const BOOT_NO_CMOS_RTC = 1 << 5;
const FLAG_WBINVD = 1 << 0;
const FLAG_PROC_C1 = 1 << 2;
/** Set: there is no fixed power or sleep button, no fixed RTC wake-up. */
const FLAG_POWER_BUTTON = 1 << 4;
const FLAG_SLEEP_BUTTON = 1 << 5;
const FLAG_FIX_RTC = 1 << 6;
/**
 * No PM timer, event or control registers: in a PVH guest each access to one would trap for
 * nothing.
 */
const FLAG_HW_REDUCED = 1 << 20;

const madt = layout('struct acpi_table_madt', 8, { address: u32(0), flags: u32(4) });
/** Below 5, where an entry that is not enabled may be enabled later without saying so. */
const MADT_REVISION = 2;

const localApic = layout('struct acpi_madt_local_apic', 8, {
  type: u8(0),
  length: u8(1),
  processorId: u8(2),
  id: u8(3),
  lapicFlags: u32(4),
});
const LAPIC_ENABLED = 1;

const rsdpLayout = layout('struct acpi_table_rsdp', 36, {
  signature: bytes(0, 8),
  checksum: u8(8),
  oemId: bytes(9, 6),
  revision: u8(15),
  length: u32(20),
  xsdtPhysicalAddress: u64(24),
  extendedChecksum: u8(32),
});
const RSDP_V1_SIZE = 20;
const RSDP_REVISION = 2;

const XSDT_REVISION = 1;
/** 2 and above: integers of AML have 64 bits. */
const DSDT_REVISION = 2;

const OEM_ID = 'XTL';
const OEM_TABLE_ID = 'PVH';

/** `maxVcpus` local APICs, the first `vcpus` of them enabled; the tables go to `paddr`. */
export function acpiTables(paddr: number, vcpus: number, maxVcpus: number): AcpiTables {
  const parts: Uint8Array[] = [];
  let size = 0;
  const place = (table: Uint8Array): bigint => {
    const at = size;
    parts.push(table);
    size = Math.ceil((size + table.length) / 16) * 16;
    return BigInt(paddr + at);
  };
  const dsdt = place(table('DSDT', DSDT_REVISION, amlScope('\\_SB_', [])));
  const pointers = [place(fadtTable(dsdt)), place(madtTable(vcpus, maxVcpus))];
  const xsdt = place(table('XSDT', XSDT_REVISION, addresses(pointers)));
  const tables = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    tables.set(part, at);
    at = Math.ceil((at + part.length) / 16) * 16;
  }
  return { tables, rsdp: rsdpFor(xsdt) };
}

/** The Xen vCPU's APIC id, as CPUID and the local APIC of 4.17 to 4.20 have it (vlapic.c). */
export function apicId(vcpu: number): number {
  return vcpu * 2;
}

function madtTable(vcpus: number, maxVcpus: number): Uint8Array {
  // No PCAT_COMPAT in flags: there is no 8259.
  const body = new Uint8Array(madt.size + maxVcpus * localApic.size);
  encode(madt, body, 0, { address: LAPIC_PADDR });
  for (let vcpu = 0; vcpu < maxVcpus; vcpu++) {
    encode(localApic, body, madt.size + vcpu * localApic.size, {
      length: localApic.size,
      // Linux and FreeBSD take this for the number of the vCPU in hypercalls.
      processorId: vcpu,
      id: apicId(vcpu),
      lapicFlags: vcpu < vcpus ? LAPIC_ENABLED : 0,
    });
  }
  return table('APIC', MADT_REVISION, body);
}

function fadtTable(dsdt: bigint): Uint8Array {
  const whole = make(fadt, {
    dsdt: Number(dsdt),
    xDsdt: dsdt,
    minorRevision: FADT_MINOR_REVISION,
    bootFlags: BOOT_NO_VGA | BOOT_NO_CMOS_RTC,
    flags:
      FLAG_WBINVD |
      FLAG_PROC_C1 |
      FLAG_POWER_BUTTON |
      FLAG_SLEEP_BUTTON |
      FLAG_FIX_RTC |
      FLAG_HW_REDUCED,
  });
  return table('FACP', FADT_REVISION, whole.subarray(HEADER_SIZE));
}

function addresses(pointers: readonly bigint[]): Uint8Array {
  const body = new Uint8Array(pointers.length * 8);
  const view = new DataView(body.buffer);
  for (const [i, pointer] of pointers.entries()) view.setBigUint64(i * 8, pointer, true);
  return body;
}

function rsdpFor(xsdt: bigint): Uint8Array {
  const rsdp = make(rsdpLayout, {
    signature: toLatin1('RSD PTR '),
    oemId: toLatin1(OEM_ID),
    revision: RSDP_REVISION,
    length: rsdpLayout.size,
    xsdtPhysicalAddress: xsdt,
  });
  encode(rsdpLayout, rsdp, 0, { checksum: checksum(rsdp.subarray(0, RSDP_V1_SIZE)) });
  encode(rsdpLayout, rsdp, 0, { extendedChecksum: checksum(rsdp) });
  return rsdp;
}

function table(signature: string, revision: number, body: Uint8Array): Uint8Array {
  const whole = new Uint8Array(HEADER_SIZE + body.length);
  encode(tableHeader, whole, 0, {
    signature: toLatin1(signature),
    length: whole.length,
    revision,
    oemId: toLatin1(OEM_ID),
    oemTableId: toLatin1(OEM_TABLE_ID),
    oemRevision: 1,
    creatorId: toLatin1(OEM_ID),
    creatorRevision: 1,
  });
  whole.set(body, HEADER_SIZE);
  encode(tableHeader, whole, 0, { checksum: checksum(whole) });
  return whole;
}

/** What makes all bytes sum up to 0, modulo 256. */
function checksum(bytes: Uint8Array): number {
  return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
}

const AML_SCOPE_OP = 0x10;
/** The largest package with a length of one byte (ACPI 5.1, 20.2.4). */
const AML_SHORT_PACKAGE = 63;

/** `Scope (name) { body }` in AML. */
function amlScope(name: string, body: readonly number[]): Uint8Array {
  const length = 1 + name.length + body.length;
  assert(length <= AML_SHORT_PACKAGE, `AML package of ${length} bytes`);
  return Uint8Array.from([AML_SCOPE_OP, length, ...toLatin1(name), ...body]);
}
