/** The HVM context of a simulated domain: which records it takes, keeps and gives back. */

import {
  HVM_FILE_MAGIC,
  HVM_FILE_VERSION,
  HVM_SAVE_CODE,
  hvmHwCpu,
  hvmHwMtrr,
  hvmSaveDescriptor,
  hvmSaveHeader,
  XEN_X86_FPU_INITIALISED,
} from '../../abi/hvm-context.ts';
import { decode, make } from '../../core/layout.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { SimDomain } from './domain.ts';

/** Sizes of the records that a PVH domain has (arch-x86/hvm/save.h @ RELEASE-4.17.0). */
const SIZES = new Map<number, number>([
  [HVM_SAVE_CODE.CPU, hvmHwCpu.size],
  [HVM_SAVE_CODE.LAPIC, 24],
  [HVM_SAVE_CODE.LAPIC_REGS, 1024],
  [HVM_SAVE_CODE.MTRR, hvmHwMtrr.size],
  [HVM_SAVE_CODE.TSC_ADJUST, 8],
]);

const CR0_PE = 1n;
const CR0_NW = 1n << 29n;
const CR0_CD = 1n << 30n;
const CR0_PG = 1n << 31n;

/**
 * The stream that Xen would save: a vCPU that is down has no CPU record, every vCPU has its LAPIC,
 * MTRR and TSC records.
 */
export function saveContext(domain: SimDomain): Uint8Array {
  const header = make(hvmSaveHeader, { magic: HVM_FILE_MAGIC, version: HVM_FILE_VERSION });
  const parts = [record(HVM_SAVE_CODE.HEADER, 0, header)];
  for (const [type, size] of SIZES) {
    for (let vcpu = 0; vcpu < domain.vcpus; vcpu++) {
      const kept = domain.records.get(`${type}/${vcpu}`);
      if (kept || type !== HVM_SAVE_CODE.CPU) {
        parts.push(record(type, vcpu, kept ?? new Uint8Array(size)));
      }
    }
  }
  parts.push(record(HVM_SAVE_CODE.END, 0, new Uint8Array(0)));
  const stream = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    stream.set(part, at);
    at += part.length;
  }
  return stream;
}

function record(typecode: number, instance: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(hvmSaveDescriptor.size + body.length);
  bytes.set(make(hvmSaveDescriptor, { typecode, instance, length: body.length }));
  bytes.set(body, hvmSaveDescriptor.size);
  return bytes;
}

/** Takes a stream, whole or not at all. vCPUs with a CPU record are online afterwards. */
export function loadContext(domain: SimDomain, stream: Uint8Array): Result<void> {
  const read = readRecords(domain, stream);
  if (!read.ok) return read;
  for (const key of [...domain.records.keys()]) {
    if (key.startsWith(`${HVM_SAVE_CODE.CPU}/`)) domain.records.delete(key);
  }
  for (const [key, body] of read.value) domain.records.set(key, body);
  const cpus = [...read.value.keys()].filter((key) => key.startsWith(`${HVM_SAVE_CODE.CPU}/`));
  domain.onlineVcpus = cpus.length;
  return ok();
}

function readRecords(domain: SimDomain, stream: Uint8Array): Result<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  const { size: head } = hvmSaveDescriptor;
  for (let at = 0, first = true; ; first = false) {
    if (stream.length - at < head) return fail('ENODATA', 'the context has no END record');
    const { typecode, instance, length } = decode(hvmSaveDescriptor, stream, at);
    at += head;
    if (length > stream.length - at) return fail('ENODATA', `record ${typecode} is cut off`);
    const body = stream.slice(at, at + length);
    at += length;
    if (first) {
      const why = headerFault(typecode, body);
      if (why) return why;
      continue;
    }
    if (typecode === HVM_SAVE_CODE.END) return ok(found);
    const why = recordFault(domain, typecode, instance, body);
    if (why !== undefined) return fail('EINVAL', `record ${typecode}/${instance}: ${why}`);
    found.set(`${typecode}/${instance}`, body);
  }
}

function headerFault(typecode: number, body: Uint8Array) {
  if (typecode !== HVM_SAVE_CODE.HEADER || body.length !== hvmSaveHeader.size) {
    return fail('ENODATA', 'the context does not start with its header');
  }
  const { magic, version } = decode(hvmSaveHeader, body);
  const known = magic === HVM_FILE_MAGIC && version === HVM_FILE_VERSION;
  return known ? undefined : fail('EINVAL', `magic ${magic}, version ${version}`);
}

function recordFault(
  domain: SimDomain,
  typecode: number,
  instance: number,
  body: Uint8Array,
): string | undefined {
  const size = SIZES.get(typecode);
  if (size === undefined) return 'unknown type';
  if (body.length !== size) return `${body.length} bytes, not ${size}`;
  if (instance >= domain.vcpus) return 'no such vCPU';
  if (typecode !== HVM_SAVE_CODE.CPU) return undefined;
  const { cr0, flags } = decode(hvmHwCpu, body);
  if (flags & ~XEN_X86_FPU_INITIALISED) return `flags ${flags}`;
  if (cr0 >> 32n) return `CR0 ${cr0}`;
  if (cr0 & CR0_PG && !(cr0 & CR0_PE)) return 'paging without protection';
  if (cr0 & CR0_NW && !(cr0 & CR0_CD)) return 'CR0.NW without CR0.CD';
  return undefined;
}
