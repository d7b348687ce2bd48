import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  HVM_FILE_MAGIC,
  HVM_SAVE_CODE,
  hvmHwCpu,
  hvmHwMtrr,
  hvmSaveHeader,
} from '../../abi/hvm-context.ts';
import { decode, make } from '../../core/layout.ts';
import { must } from '../../core/result.ts';
import { entryContext, type HvmRecord, hvmRecords, hvmStream } from './vcpu.ts';

const header: HvmRecord = {
  typecode: HVM_SAVE_CODE.HEADER,
  instance: 0,
  bytes: make(hvmSaveHeader, {
    magic: HVM_FILE_MAGIC,
    version: 1,
    cpuid: 0x806f8,
    gtscKhz: 2100000,
  }),
};
const lapic: HvmRecord = { typecode: HVM_SAVE_CODE.LAPIC, instance: 1, bytes: new Uint8Array(24) };
const mtrr = (instance: number): HvmRecord => {
  const bytes = make(hvmHwMtrr, { msrPatCr: 0x70406n, msrMtrrCap: 0x508n, msrMtrrDefType: 7n });
  return { typecode: HVM_SAVE_CODE.MTRR, instance, bytes };
};
const saved = hvmStream([header, lapic, mtrr(0), mtrr(1)]);
const start = { entry: 0x1000850, startInfoPaddr: 0x4a00000, maxVcpus: 2 };

describe('the context that starts a domain', () => {
  const records = must(hvmRecords(must(entryContext(saved, start))));

  test('is the header as saved, vCPU 0, and the MTRRs of all vCPUs', () => {
    expect(records.map((r) => [r.typecode, r.instance])).toEqual([
      [HVM_SAVE_CODE.HEADER, 0],
      [HVM_SAVE_CODE.CPU, 0],
      [HVM_SAVE_CODE.MTRR, 0],
      [HVM_SAVE_CODE.MTRR, 1],
    ]);
    expect(records[0]?.bytes).toEqual(header.bytes);
  });

  test('makes memory write-back by default and keeps the rest of the MTRRs', () => {
    for (const record of records.slice(2)) {
      expect(decode(hvmHwMtrr, record.bytes)).toMatchObject({
        msrPatCr: 0x70406n,
        msrMtrrCap: 0x508n,
        msrMtrrDefType: 0x806n,
      });
    }
    expect(decode(hvmHwMtrr, mtrr(0).bytes).msrMtrrDefType).toBe(7n);
  });

  test('has vCPU 0 at the entry, in protected mode, segments flat, start info in ebx', () => {
    const cpu = decode(hvmHwCpu, records[1]?.bytes ?? new Uint8Array());
    const set = Object.entries(cpu).filter(
      ([name, value]) => name !== 'fpuRegs' && value !== 0 && value !== 0n,
    );
    expect(Object.fromEntries(set)).toEqual({
      rip: 0x1000850n,
      rbx: 0x4a00000n,
      cr0: 0x11n,
      dr6: 0xffff0ff0n,
      dr7: 0x400n,
      csLimit: 0xffffffff,
      dsLimit: 0xffffffff,
      esLimit: 0xffffffff,
      ssLimit: 0xffffffff,
      trLimit: 0x67,
      csArbytes: 0xc9b,
      dsArbytes: 0xc93,
      esArbytes: 0xc93,
      ssArbytes: 0xc93,
      trArbytes: 0x8b,
    });
  });
});

test.each([
  ['nothing', new Uint8Array(), 'no END record'],
  ['no end', saved.subarray(0, -8), 'no END record'],
  ['a cut record', saved.subarray(0, 100), 'record 2 is cut off'],
  ['no header', hvmStream([mtrr(0)]), 'does not begin with a header'],
  ['a short header', hvmStream([{ ...header, bytes: header.bytes.subarray(1) }]), 'with a header'],
  ['another magic', hvmStream([{ ...header, bytes: new Uint8Array(24) }]), 'with a header'],
  ['no MTRR of vCPU 0', hvmStream([header, mtrr(1)]), 'no MTRR record'],
  [
    'a larger MTRR',
    hvmStream([header, { ...mtrr(0), bytes: new Uint8Array(248) }]),
    'no MTRR record',
  ],
])('a saved context with %s is refused', (_, stream, expected) => {
  const result = entryContext(stream, start);
  expect(result).toMatchObject({ ok: false, error: { errno: 'EPROTO' } });
  expect(result.ok ? '' : result.error.what).toContain(expected);
});

test('too many records are refused', () => {
  const stream = hvmStream(
    Array.from({ length: 65537 }, () => lapic).map((r) => ({ ...r, bytes: new Uint8Array() })),
  );
  expect(hvmRecords(stream)).toMatchObject({ ok: false, error: { errno: 'EPROTO' } });
});

test('any stream is split into records within it, or refused', () => {
  const change = fc.tuple(fc.nat({ max: saved.length - 1 }), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 6 }),
      fc.nat({ max: saved.length }),
      (changes, size) => {
        const stream = saved.slice(0, size);
        for (const [at, value] of changes) if (at < size) stream[at] = value;
        const result = hvmRecords(stream);
        if (!result.ok) expect(result.error.errno).toBe('EPROTO');
        else {
          const bytes = result.value.reduce((sum, r) => sum + 8 + r.bytes.length, 0);
          expect(bytes).toBeLessThanOrEqual(size - 8);
        }
        expect(() => entryContext(stream, start)).not.toThrow();
      },
    ),
    { numRuns: 1000 },
  );
});
