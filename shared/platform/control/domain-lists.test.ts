/** Lists that outgrow one hypercall: domains and extents of memory. */

import { describe, expect, test } from 'vitest';
import { XEN_DOMCTL_pausedomain, xenDomctl, xenDomctlGetdomaininfo } from '../../abi/domctl.ts';
import { xenMemoryReservation } from '../../abi/memory.ts';
import {
  XEN_SYSCTL_getdomaininfolist,
  xenSysctl,
  xenSysctlGetdomaininfolist,
} from '../../abi/sysctl.ts';
import { __HYPERVISOR_domctl, __HYPERVISOR_memory_op, __HYPERVISOR_sysctl } from '../../abi/xen.ts';
import { domid } from '../../core/ids.ts';
import { decode, encode, make } from '../../core/layout.ts';
import { must } from '../../core/result.ts';
import type { DomainControl } from '../domain-control.ts';
import { domainControl } from './domain-control.ts';
import { answerInfo, errno, fakeHypercalls } from './fake-hypercalls.ts';
import type { Hypercalls } from './hypercalls.ts';

const GUEST = domid(7);

describe('listing domains', () => {
  /** A host with these domains. */
  function host(domids: readonly number[]): [DomainControl, number[]] {
    const firsts: number[] = [];
    const fake: Hypercalls = fakeHypercalls((op, _, args) => {
      const at = xenSysctl.fields.u.at;
      if (
        op !== __HYPERVISOR_sysctl ||
        decode(xenSysctl, args).cmd !== XEN_SYSCTL_getdomaininfolist
      ) {
        return 0;
      }
      const asked = decode(xenSysctlGetdomaininfolist, args, at);
      firsts.push(asked.firstDomain);
      const found = domids.filter((id) => id >= asked.firstDomain).slice(0, asked.maxDomains);
      found.forEach((domain, i) => {
        const info = make(xenDomctlGetdomaininfo, { domain });
        fake.data.set(info, i * info.length);
      });
      encode(xenSysctlGetdomaininfolist, args, at, { numDomains: found.length });
      return 0;
    });
    return [domainControl(fake), firsts];
  }

  const many = Array.from({ length: 1500 }, (_, i) => i * 3);

  test('more than fit in one call come in order, none twice', () => {
    const [control, firsts] = host(many);
    expect(must(control.listInfo(0, 10_000)).map((info) => info.domid)).toEqual(many);
    expect(firsts.length).toBe(3);
  });

  test('no more than asked for, from where it was asked', () => {
    const [control] = host(many);
    const listed = must(control.listInfo(10, 700)).map((info) => info.domid);
    expect(listed).toEqual(many.filter((id) => id >= 10).slice(0, 700));
  });

  test('the last possible domid is the end', () => {
    const [control, firsts] = host([0x7fef]);
    expect(must(control.listInfo(0, 1)).length).toBe(1);
    expect(firsts).toEqual([0]);
    expect(must(control.listInfo(0x7ff0, 1))).toEqual([]);
  });
});

describe('populating', () => {
  /** Has memory for `room` extents of any size. */
  function host(room: number, there = true): [DomainControl, bigint[][]] {
    const batches: bigint[][] = [];
    let left = room;
    const fake: Hypercalls = fakeHypercalls((op, _, args) => {
      if (op === __HYPERVISOR_domctl) {
        const { cmd, domain } = decode(xenDomctl, args);
        expect(cmd).not.toBe(XEN_DOMCTL_pausedomain);
        return there ? answerInfo(args, domain) : 'ESRCH';
      }
      expect(op).toBe(__HYPERVISOR_memory_op);
      const { nrExtents, extentStart } = decode(xenMemoryReservation, args);
      expect(extentStart).toBe(BigInt(fake.dataAddress));
      const frames = new BigUint64Array(fake.data.buffer, 0, Number(nrExtents));
      const done = Math.min(left, frames.length);
      left -= done;
      batches.push([...frames]);
      return done;
    });
    return [domainControl(fake), batches];
  }

  test('frames beyond 32 bits keep all their bits', () => {
    const [control, batches] = host(100);
    expect(must(control.populatePhysmap(GUEST, [1, 0x12_3456_789a, 2 ** 32 - 1], 0))).toBe(3);
    expect(batches).toEqual([[1n, 0x12_3456_789an, 0xffff_ffffn]]);
  });

  test('many go in few calls, whole and in order', () => {
    const gfns = Array.from({ length: 20_000 }, (_, i) => i * 2);
    const [control, batches] = host(50_000);
    expect(must(control.populatePhysmap(GUEST, gfns, 0))).toBe(20_000);
    expect(batches.map((batch) => batch.length)).toEqual([8192, 8192, 3616]);
    expect(batches.flat().map(Number)).toEqual(gfns);
  });

  test('it stops where memory ends and says how far it came', () => {
    const gfns = Array.from({ length: 20_000 }, (_, i) => i);
    const [control, batches] = host(9_000);
    expect(must(control.populatePhysmap(GUEST, gfns, 0))).toBe(9_000);
    expect(batches.length).toBe(2);
  });

  test('no memory at all is 0, no domain at all is ESRCH', () => {
    expect(must(host(0)[0].populatePhysmap(GUEST, [1], 0))).toBe(0);
    expect(errno(host(0, false)[0].populatePhysmap(GUEST, [1], 0))).toBe('ESRCH');
  });

  test('nothing asked is nothing done', () => {
    const [control, batches] = host(5);
    expect(must(control.populatePhysmap(GUEST, [], 0))).toBe(0);
    expect(batches).toEqual([]);
  });
});
