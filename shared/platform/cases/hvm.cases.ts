/** Cases: HVM parameters and the HVM context of a domain. */

import {
  HVM_FILE_MAGIC,
  HVM_SAVE_CODE,
  hvmSaveDescriptor,
  hvmSaveHeader,
} from '../../abi/hvm-context.ts';
import { HVM_PARAM_CONSOLE_PFN, HVM_PARAM_STORE_PFN } from '../../abi/hvm-params.ts';
import { decode } from '../../core/layout.ts';
import { group } from './case.ts';
import { expectBytes, expectEqual, expectError, expectOk, expectThat } from './expect.ts';
import { domainWithPages } from './guest.ts';

const DESCRIPTOR = hvmSaveDescriptor.size;

interface Item {
  readonly type: number;
  readonly instance: number;
  readonly at: number;
  readonly length: number;
}

/** The records of a context. Throws unless it ends with its END record. */
function items(records: Uint8Array): Item[] {
  const found: Item[] = [];
  let at = 0;
  while (at + DESCRIPTOR <= records.length) {
    const { typecode: type, instance, length } = decode(hvmSaveDescriptor, records, at);
    expectThat(at + DESCRIPTOR + length <= records.length, `record ${type} runs over the end`);
    found.push({ type, instance, at, length });
    at += DESCRIPTOR + length;
    if (type === HVM_SAVE_CODE.END) break;
  }
  expectEqual(found.at(-1)?.type, HVM_SAVE_CODE.END, 'type of the last record');
  expectEqual(at, records.length, 'where the last record ends');
  return found;
}

export const hvmCases = group(
  'hvm',
  {
    'parameters keep their values': (ctx) => {
      const { domainControl } = ctx.platform;
      const guest = domainWithPages(ctx, 16);
      const get = (index: number) => expectOk(domainControl.getHvmParam(guest, index), 'get');
      expectEqual(get(HVM_PARAM_STORE_PFN), 0n, 'not set');
      expectOk(domainControl.setHvmParam(guest, HVM_PARAM_STORE_PFN, 0xfefffn), 'set');
      expectOk(domainControl.setHvmParam(guest, HVM_PARAM_CONSOLE_PFN, 0x1_0000_0001n), 'set');
      expectEqual(get(HVM_PARAM_STORE_PFN), 0xfefffn, 'store pfn');
      expectEqual(get(HVM_PARAM_CONSOLE_PFN), 0x1_0000_0001n, 'more than 32 bits');
    },

    'a parameter that does not exist is refused': (ctx) => {
      const { domainControl } = ctx.platform;
      const guest = domainWithPages(ctx, 16);
      expectError(domainControl.setHvmParam(guest, 1000, 1n), 'set', 'EINVAL');
      expectError(domainControl.getHvmParam(guest, 1000), 'get', 'EINVAL');
    },

    'a context starts with its header, and its end is an END record': (ctx) => {
      const guest = domainWithPages(ctx, 16);
      const records = expectOk(ctx.platform.domainControl.getHvmContext(guest), 'getHvmContext');
      const found = items(records);
      expectEqual(found[0]?.type, HVM_SAVE_CODE.HEADER, 'first record');
      expectEqual(decode(hvmSaveHeader, records, DESCRIPTOR).magic, HVM_FILE_MAGIC, 'magic');
    },

    'a context that was got can be set, and got again': (ctx) => {
      const { domainControl } = ctx.platform;
      const guest = domainWithPages(ctx, 16);
      const first = expectOk(domainControl.getHvmContext(guest), 'getHvmContext');
      expectOk(domainControl.setHvmContext(guest, first), 'setHvmContext');
      const second = expectOk(domainControl.getHvmContext(guest), 'getHvmContext again');
      const types = (records: Uint8Array) =>
        items(records)
          .map((item) => `${item.type}/${item.instance}`)
          .join();
      expectEqual(types(second), types(first), 'records');
    },

    'a broken context is refused and the old one stays': (ctx) => {
      const { domainControl } = ctx.platform;
      const guest = domainWithPages(ctx, 16);
      const good = expectOk(domainControl.getHvmContext(guest), 'getHvmContext');
      const spoil = (at: number, byte: number) => {
        const bad = good.slice();
        bad[at] = byte;
        return bad;
      };
      const end = good.length - DESCRIPTOR;
      const rows: [string, Uint8Array][] = [
        ['no END', good.slice(0, end)],
        ['nothing', new Uint8Array(0)],
        ['a header with another magic', spoil(DESCRIPTOR, 0)],
        ['another version', spoil(DESCRIPTOR + 4, 99)],
        ['no header', good.slice(items(good)[1]!.at)],
        ['an unknown type', spoil(end, 0xff)],
      ];
      for (const [what, bad] of rows) {
        expectError(domainControl.setHvmContext(guest, bad), what, 'EINVAL', 'ENODATA');
      }
      const after = expectOk(domainControl.getHvmContext(guest), 'getHvmContext after all');
      expectBytes(
        Uint8Array.from(items(after), (item) => item.type),
        Uint8Array.from(items(good), (item) => item.type),
        'records',
      );
    },
  },
  ['control'],
);
