/** Domain control against a hypervisor that answers as real ones rarely do. */

import { describe, expect, test } from 'vitest';
import {
  XEN_DOMCTL_destroydomain,
  XEN_DOMCTL_getdomaininfo,
  XEN_DOMINF_dying,
  XEN_DOMINF_shutdown,
  xenDomctl,
} from '../../abi/domctl.ts';
import { domid } from '../../core/ids.ts';
import { must } from '../../core/result.ts';
import type { DomainControl } from '../domain-control.ts';
import { answerInfo, errno, speaking } from './fake-hypercalls.ts';

const U = xenDomctl.fields.u.at;
const GUEST = domid(7);

describe('asking for a domain', () => {
  test('an answer about the next domain means that there is none', () => {
    const control = speaking(0x15, (_, args) => answerInfo(args, 9));
    expect(errno(control.getInfo(GUEST))).toBe('ESRCH');
    expect(must(control.getInfo(domid(9))).domid).toBe(9);
  });

  /** What 4.17 to 4.21, and what 4.22 says of no domain to a domain that is not in control. */
  test.each(['ESRCH', 'EPERM'] as const)(
    '%s to a xenstore domain means that there is none',
    (no) => {
      const control = speaking(0x18, (_, args, domain) =>
        domain === 0 || domain === 9 ? answerInfo(args, domain) : no,
      );
      expect(errno(control.getInfo(GUEST))).toBe('ESRCH');
      expect(must(control.getInfo(domid(9))).domid).toBe(9);
    },
  );

  test('who may ask of nobody hears that, whether there is such a domain or not', () => {
    const control = speaking(0x18, () => 'EPERM');
    expect(errno(control.getInfo(GUEST))).toBe('EPERM');
    expect(errno(control.getInfo(domid(0)))).toBe('EPERM');
  });

  test.each([
    [0, undefined],
    [XEN_DOMINF_shutdown, 'poweroff'],
    [XEN_DOMINF_shutdown | (3 << 16), 'crash'],
    [XEN_DOMINF_shutdown | (0xab << 16), { code: 0xab }],
    [(3 << 16) | XEN_DOMINF_dying, undefined],
  ])('flags %i mean shutdown %o', (flags, shutdown) => {
    const control = speaking(0x15, (_, args, domain) => answerInfo(args, domain, { flags }));
    expect(must(control.getInfo(GUEST)).shutdown).toEqual(shutdown);
  });
});

describe('destroying a domain', () => {
  /** Refuses to finish `times` times, while the domain has the pages left that `pages` says. */
  function reluctant(
    times: number,
    pages: (call: number) => number,
  ): [DomainControl, () => number] {
    let calls = 0;
    const control = speaking(0x15, (cmd, args, domain) => {
      if (cmd === XEN_DOMCTL_getdomaininfo) {
        return answerInfo(args, domain, { totPages: BigInt(pages(calls)) });
      }
      expect(cmd).toBe(XEN_DOMCTL_destroydomain);
      return ++calls > times ? 0 : 'ERESTART';
    });
    return [control, () => calls];
  }

  test('it is continued while it frees pages', () => {
    const [control, calls] = reluctant(5, (call) => 100 - call);
    must(control.destroyDomain(GUEST));
    expect(calls()).toBe(6);
  });

  test('it ends with the error when nothing more is freed', () => {
    const [control, calls] = reluctant(1000, () => 50);
    expect(errno(control.destroyDomain(GUEST))).toBe('ERESTART');
    expect(calls()).toBe(2);
  });

  test('other errors are not tried again', () => {
    let calls = 0;
    const control = speaking(0x15, (cmd) => {
      if (cmd !== XEN_DOMCTL_destroydomain) return 0;
      calls++;
      return 'ESRCH';
    });
    expect(errno(control.destroyDomain(GUEST))).toBe('ESRCH');
    expect(calls).toBe(1);
  });
});

test('a memory map of too many ranges is refused before Xen sees it', () => {
  const control = speaking(0x15, () => 0);
  const ranges = Array.from({ length: 129 }, () => ({ start: 0, bytes: 4096, type: 1 as const }));
  expect(errno(control.setMemoryMap(GUEST, ranges))).toBe('E2BIG');
});

test('a context that needs more memory than there is fails, and nothing is called with it', () => {
  const control = speaking(0x15, (_, args) => {
    args[U] = 0;
    args[U + 1] = 0;
    args[U + 2] = 0x10;
    return 0;
  });
  expect(errno(control.getHvmContext(GUEST))).toBe('ENOMEM');
});
