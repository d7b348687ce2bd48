/** HVM contexts that a simulated domain takes and refuses, as Xen does. */

import { describe, expect, it } from 'vitest';
import {
  HVM_FILE_MAGIC,
  HVM_SAVE_CODE,
  hvmHwCpu,
  hvmSaveDescriptor,
  hvmSaveHeader,
} from '../../abi/hvm-context.ts';
import { decode, make } from '../../core/layout.ts';
import { must } from '../../core/result.ts';
import { createSim } from './sim.ts';

function stream(...records: [typecode: number, instance: number, body: Uint8Array][]): Uint8Array {
  const bytes = records.flatMap(([typecode, instance, body]) => [
    ...make(hvmSaveDescriptor, { typecode, instance, length: body.length }),
    ...body,
  ]);
  return Uint8Array.from(bytes);
}

const header = make(hvmSaveHeader, { magic: HVM_FILE_MAGIC, version: 1 });
const head: [number, number, Uint8Array] = [HVM_SAVE_CODE.HEADER, 0, header];
const end: [number, number, Uint8Array] = [HVM_SAVE_CODE.END, 0, new Uint8Array(0)];
const cpu = (instance: number, cr0 = 0x11n, flags = 0): [number, number, Uint8Array] => [
  HVM_SAVE_CODE.CPU,
  instance,
  make(hvmHwCpu, { cr0, flags }),
];

function guest(vcpus = 2) {
  const { domainControl } = createSim({ seed: 1 }).dom0;
  const config = { uuid: new Uint8Array(16), maxVcpus: 2, hap: true, maxEvtchnPort: 1023 };
  const id = must(
    domainControl.createDomain({ ...config, maxGrantFrames: 4, maxMaptrackFrames: 4 }),
  );
  if (vcpus > 0) must(domainControl.maxVcpus(id, vcpus));
  return {
    set: (records: Uint8Array) => domainControl.setHvmContext(id, records),
    get: () => must(domainControl.getHvmContext(id)),
    online: () => must(domainControl.getInfo(id)).onlineVcpus,
  };
}

describe('HVM context', () => {
  it('brings vCPUs with a CPU record online, and only those', () => {
    const { set, online } = guest();
    expect(set(stream(head, cpu(0), cpu(1), end)).ok).toBe(true);
    expect(online()).toBe(2);
    expect(set(stream(head, cpu(0), end)).ok).toBe(true);
    expect(online()).toBe(1);
  });

  it('has no CPU record of a vCPU that is down', () => {
    const { get } = guest();
    const types: number[] = [];
    const records = get();
    for (let at = 0; at < records.length; ) {
      const { typecode, length } = decode(hvmSaveDescriptor, records, at);
      types.push(typecode);
      at += hvmSaveDescriptor.size + length;
    }
    expect(types).not.toContain(HVM_SAVE_CODE.CPU);
    expect(types.filter((type) => type === HVM_SAVE_CODE.MTRR).length).toBe(2);
  });

  it('gives back the CPU record that was set', () => {
    const { set, get } = guest();
    set(stream(head, [HVM_SAVE_CODE.CPU, 0, make(hvmHwCpu, { rip: 0x1000n, cr0: 1n })], end));
    const records = get();
    const at = hvmSaveDescriptor.size * 2 + hvmSaveHeader.size;
    expect(decode(hvmHwCpu, records, at).rip).toBe(0x1000n);
  });

  const refused: [string, Uint8Array, string][] = [
    ['nothing', new Uint8Array(0), 'ENODATA'],
    ['no header', stream(cpu(0), end), 'ENODATA'],
    ['a header of another size', stream([1, 0, new Uint8Array(8)], end), 'ENODATA'],
    ['another magic', stream([1, 0, new Uint8Array(24)], end), 'EINVAL'],
    ['no end', stream(head, cpu(0)), 'ENODATA'],
    ['a record that is cut off', stream(head, cpu(0), end).slice(0, 100), 'ENODATA'],
    ['an unknown type', stream(head, [99, 0, new Uint8Array(8)], end), 'EINVAL'],
    ['a vCPU that is not there', stream(head, cpu(2), end), 'EINVAL'],
    ['a CPU record of another size', stream(head, [2, 0, new Uint8Array(1000)], end), 'EINVAL'],
    ['CR0 with high bits', stream(head, cpu(0, 1n << 32n), end), 'EINVAL'],
    ['paging without protection', stream(head, cpu(0, 1n << 31n), end), 'EINVAL'],
    ['CR0.NW without CR0.CD', stream(head, cpu(0, 1n << 29n), end), 'EINVAL'],
    ['unknown flags', stream(head, cpu(0, 1n, 2), end), 'EINVAL'],
  ];
  it.each(refused)('is refused with %s', (_, records, errno) => {
    const { set, online } = guest();
    const result = set(records);
    expect(result.ok ? 'taken' : result.error.errno).toBe(errno);
    expect(online()).toBe(0);
  });

  it('is refused for vCPUs before they are made', () => {
    const result = guest(0).set(stream(head, cpu(0), end));
    expect(result.ok ? 'taken' : result.error.errno).toBe('EINVAL');
  });
});
