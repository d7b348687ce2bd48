/**
 * The state that a PVH guest's first vCPU starts in (docs/misc/pvh.pandoc, vcpu_hvm in xg_dom_x86.c
 * @ RELEASE-4.17.0).
 */

import {
  HVM_FILE_MAGIC,
  HVM_SAVE_CODE,
  hvmHwCpu,
  hvmHwMtrr,
  hvmSaveDescriptor,
  hvmSaveHeader,
} from '../../abi/hvm-context.ts';
import { decode, encode, make } from '../../core/layout.ts';
import { fail, ok, type Result } from '../../core/result.ts';

/** One record of an HVM context. */
export interface HvmRecord {
  readonly typecode: number;
  readonly instance: number;
  /** A view of the stream, without the descriptor. */
  readonly bytes: Uint8Array;
}

/** Of DomainImage. */
export interface Entry {
  readonly entry: number;
  readonly startInfoPaddr: number;
  readonly maxVcpus: number;
}

const CR0_PE = 1n << 0n;
const CR0_ET = 1n << 4n;

/** Reset values of the debug registers. */
const DR6_DEFAULT = 0xffff0ff0n;
const DR7_DEFAULT = 0x400n;

/** Flat 4 GiB segments: 32-bit code (read, execute, accessed), data (read, write, accessed). */
const CODE_ARBYTES = 0xc9b;
const DATA_ARBYTES = 0xc93;
const FLAT_LIMIT = 0xffffffff;
/** A busy 32-bit TSS of the smallest size. */
const TSS_ARBYTES = 0x8b;
const TSS_LIMIT = 0x67;

const MTRR_TYPE_WRBACK = 6n;
const MTRR_DEF_TYPE_ENABLE = 1n << 11n;

/** Our bound: a domain has some ten records a vCPU, and at most 128 vCPUs. */
const MAX_RECORDS = 65536;

/**
 * Splits a stream as getHvmContext gives it, up to and without its END record. EPROTO if it is
 * broken.
 */
export function hvmRecords(stream: Uint8Array): Result<HvmRecord[]> {
  const records: HvmRecord[] = [];
  let at = 0;
  while (at + hvmSaveDescriptor.size <= stream.length) {
    const { typecode, instance, length } = decode(hvmSaveDescriptor, stream, at);
    if (typecode === HVM_SAVE_CODE.END) return ok(records);
    at += hvmSaveDescriptor.size;
    if (at + length > stream.length) {
      return fail('EPROTO', `HVM context: record ${records.length} is cut off`);
    }
    if (records.length >= MAX_RECORDS) return fail('EPROTO', 'HVM context: too many records');
    records.push({ typecode, instance, bytes: stream.subarray(at, at + length) });
    at += length;
  }
  return fail('EPROTO', 'HVM context: no END record');
}

/** The stream of these records, END included. */
export function hvmStream(records: readonly HvmRecord[]): Uint8Array {
  const end: HvmRecord = { typecode: HVM_SAVE_CODE.END, instance: 0, bytes: new Uint8Array() };
  const all = [...records, end];
  const stream = new Uint8Array(
    all.reduce((size, record) => size + hvmSaveDescriptor.size + record.bytes.length, 0),
  );
  let at = 0;
  for (const { typecode, instance, bytes } of all) {
    encode(hvmSaveDescriptor, stream, at, { typecode, instance, length: bytes.length });
    stream.set(bytes, at + hvmSaveDescriptor.size);
    at += hvmSaveDescriptor.size + bytes.length;
  }
  return stream;
}

/**
 * What setHvmContext takes to start a fresh domain. `saved` is the domain's context as created: its
 * header identifies the hypervisor, and its MTRR record tells the MTRRs that the guest has. One
 * stream does it: each load puts all vCPUs down, and only a CPU record takes its vCPU up again.
 * EPROTO when `saved` is not such a context.
 */
export function entryContext(saved: Uint8Array, start: Entry): Result<Uint8Array> {
  const records = hvmRecords(saved);
  if (!records.ok) return records;
  const header = records.value[0];
  if (
    header?.typecode !== HVM_SAVE_CODE.HEADER ||
    header.bytes.length < hvmSaveHeader.size ||
    decode(hvmSaveHeader, header.bytes).magic !== HVM_FILE_MAGIC
  ) {
    return fail('EPROTO', 'HVM context: it does not begin with a header');
  }
  const mtrr = records.value.find((r) => r.typecode === HVM_SAVE_CODE.MTRR && r.instance === 0);
  if (mtrr?.bytes.length !== hvmHwMtrr.size) {
    return fail('EPROTO', 'HVM context: it has no MTRR record that we know');
  }
  // RAM is write-back for every vCPU, since nobody else sets up MTRRs in a PVH guest.
  const bytes = mtrr.bytes.slice();
  encode(hvmHwMtrr, bytes, 0, { msrMtrrDefType: MTRR_TYPE_WRBACK | MTRR_DEF_TYPE_ENABLE });
  const mtrrs = Array.from({ length: start.maxVcpus }, (_, instance): HvmRecord => {
    return { typecode: HVM_SAVE_CODE.MTRR, instance, bytes };
  });
  const cpu = { typecode: HVM_SAVE_CODE.CPU, instance: 0, bytes: entryCpu(start) };
  return ok(hvmStream([header, cpu, ...mtrrs]));
}

/**
 * Protected mode without paging, flat segments, start info in ebx, interrupts off; the rest is
 * zero.
 */
function entryCpu(start: Entry): Uint8Array {
  return make(hvmHwCpu, {
    rip: BigInt(start.entry),
    rbx: BigInt(start.startInfoPaddr),
    cr0: CR0_PE | CR0_ET,
    dr6: DR6_DEFAULT,
    dr7: DR7_DEFAULT,
    csLimit: FLAT_LIMIT,
    dsLimit: FLAT_LIMIT,
    esLimit: FLAT_LIMIT,
    ssLimit: FLAT_LIMIT,
    trLimit: TSS_LIMIT,
    csArbytes: CODE_ARBYTES,
    dsArbytes: DATA_ARBYTES,
    esArbytes: DATA_ARBYTES,
    ssArbytes: DATA_ARBYTES,
    trArbytes: TSS_ARBYTES,
  });
}
