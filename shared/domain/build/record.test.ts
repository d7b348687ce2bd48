import { describe, expect, it } from 'vitest';
import { must } from '../../core/result.ts';
import type { VmSpec } from '../spec/vm-spec.ts';
import { formatRecord, parseRecord } from './record.ts';

const uuid = '01234567-89ab-cdef-0123-456789abcdef';
const spec: VmSpec = {
  name: 'web',
  type: 'pvh',
  kernel: '/boot/vmlinuz',
  cmdline: '',
  memoryKib: 131072,
  maxmemKib: 131072,
  vcpus: 1,
  maxvcpus: 2,
  onPoweroff: 'destroy',
  onReboot: 'restart',
  onCrash: 'preserve',
  onWatchdog: 'destroy',
  onSoftReset: 'soft-reset',
  configText: 'name = "web"\n',
};

describe('record', () => {
  it('comes back as it was, without the configuration it was read from', () => {
    const { configText: _, ...rest } = spec;
    expect(must(parseRecord(formatRecord(spec, uuid)))).toEqual({ ...rest, uuid });
  });

  it('has all of a vif', () => {
    const vifs = [
      { devid: 0 },
      {
        ...{ devid: 7, mac: '00:16:3e:00:00:01', bridge: '', gatewaydev: 'eth0', ip: '10.0.0.1' },
        ...{ vifname: 'lan0', script: 'vif-route', backend: 'netvm', mtu: 9000, vlan: '7' },
        ...{ rate: { bytes: 1, intervalUs: 50_000 }, trusted: false, server: 'xtl' as const },
      },
    ];
    expect(must(parseRecord(formatRecord({ ...spec, vifs }, uuid))).vifs).toEqual(vifs);
  });

  it('is ASCII, whatever paths and command line hold', () => {
    const text = formatRecord({ ...spec, kernel: '/boot/küche-😀', cmdline: 'a\x7f\xe9\n' }, uuid);
    expect(text).toMatch(/^[\x20-\x7e]+$/);
    expect(must(parseRecord(text))).toMatchObject({
      kernel: '/boot/küche-😀',
      cmdline: 'a\x7f\xe9\n',
    });
  });

  it.each([
    ['', 'not JSON'],
    ['[1', 'not JSON'],
    ['null', 'not a record'],
    ['7', 'not a record'],
    ['{}', "bad 'name'"],
    [formatRecord({ ...spec, memoryKib: -1 }, uuid), "bad 'memoryKib'"],
    [formatRecord({ ...spec, kernel: '' }, uuid), "bad 'kernel'"],
    [formatRecord(spec, '../etc'), "bad 'uuid'"],
    [formatRecord({ ...spec, vifs: [{ devid: -1 }] }, uuid), "bad 'vifs'"],
    [formatRecord({ ...spec, vifs: [{ devid: 0, mac: '00:16' }] }, uuid), "bad 'vifs'"],
    [formatRecord({ ...spec, vifs: [{ devid: 0, mtu: 1 }] }, uuid), "bad 'vifs'"],
    [formatRecord({ ...spec, vifs: [{ devid: 0, script: '' }] }, uuid), "bad 'vifs'"],
    [formatRecord(spec, uuid).replace('"preserve"', '"explode"'), "bad 'onCrash'"],
  ])('%s is refused: %s', (text, why) => {
    expect(parseRecord(text)).toMatchObject({ ok: false, error: { errno: 'EPROTO' } });
    const result = parseRecord(text);
    expect(result.ok ? '' : result.error.what).toContain(why);
  });
});
