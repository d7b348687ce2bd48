/** Domain control against a hypervisor that answers as real ones rarely do. */

import { describe, expect, test } from 'vitest';
import {
  DOMCTL_INTERFACES,
  XEN_DOMCTL_createdomain,
  XEN_DOMCTL_destroydomain,
  XEN_DOMCTL_getdomaininfo,
  XEN_DOMINF_dying,
  XEN_DOMINF_shutdown,
  xenDomctl,
} from '../../abi/domctl.ts';
import { xenSysctl } from '../../abi/sysctl.ts';
import {
  __HYPERVISOR_domctl,
  __HYPERVISOR_sysctl,
  __HYPERVISOR_xen_version,
} from '../../abi/xen.ts';
import type { Errno } from '../../core/errno.ts';
import { domid } from '../../core/ids.ts';
import { decode, encode } from '../../core/layout.ts';
import { must } from '../../core/result.ts';
import type { DomainControl } from '../domain-control.ts';
import { domainControl } from './domain-control.ts';
import { answerInfo, errno, fakeHypercalls } from './fake-hypercalls.ts';

const U = xenDomctl.fields.u.at;
const GUEST = domid(7);
const CONFIG = {
  uuid: Uint8Array.from({ length: 16 }, (_, i) => i + 1),
  maxVcpus: 3,
  hap: true,
  maxEvtchnPort: 1023,
  maxGrantFrames: 64,
  maxMaptrackFrames: 1024,
};

type Domctl = (cmd: number, args: Uint8Array, domain: number) => number | Errno;

/** A hypervisor of one domctl version, and one sysctl version. */
function speaking(version: number, domctl: Domctl, sysctl = 0x15): DomainControl {
  return domainControl(
    fakeHypercalls((op, _, args) => {
      if (op === __HYPERVISOR_xen_version) return 0x4_0011;
      if (op === __HYPERVISOR_sysctl) {
        return decode(xenSysctl, args).interfaceVersion === sysctl ? 0 : 'EACCES';
      }
      const head = decode(xenDomctl, args);
      if (head.interfaceVersion !== version) return 'EACCES';
      return domctl(head.cmd, args, head.domain);
    }),
  );
}

describe('the interface version', () => {
  test.each(DOMCTL_INTERFACES)('$version is found, and is asked for once', ({ version }) => {
    let asked = 0;
    const control = speaking(version, (cmd) => {
      if (cmd === XEN_DOMCTL_getdomaininfo) asked++;
      return 0;
    });
    expect(must(control.version())).toMatchObject({ major: 4, minor: 17, domctl: version });
    must(control.pause(GUEST));
    must(control.pause(GUEST));
    expect(asked).toBe(1);
  });

  test.each([
    ['4.17', 0x15, 0x15],
    ['4.18', 0x16, 0x15],
    ['4.19 and 4.20', 0x17, 0x15],
    ['4.21', 0x17, 0x16],
    ['4.22', 0x18, 0x16],
  ])('of Xen %s are found', (_, domctl, sysctl) => {
    const control = speaking(domctl, () => 0, sysctl);
    expect(must(control.version())).toMatchObject({ domctl, sysctl });
    expect(errno(control.physInfo())).toBe('ok');
  });

  test('an unknown one of sysctl leaves what domctl does', () => {
    const control = speaking(0x18, () => 0, 0x99);
    must(control.pause(GUEST));
    const error = {
      errno: 'EACCES',
      what:
        'Xen 4.17 has a sysctl interface that is unknown here ' +
        '(known are 0x15 to 0x16, that of Xen 4.22)',
    };
    expect(control.physInfo()).toEqual({ ok: false, error });
    expect(control.version()).toEqual({ ok: false, error });
  });

  test('an unknown one is a clear failure of every call', () => {
    const control = speaking(0x99, () => 0);
    const result = control.pause(GUEST);
    expect(result).toMatchObject({
      ok: false,
      error: {
        errno: 'EACCES',
        what:
          'Xen 4.17 has a domctl interface that is unknown here ' +
          '(known are 0x15 to 0x18, that of Xen 4.22)',
      },
    });
    expect(errno(control.createDomain(CONFIG))).toBe('EACCES');
    expect(errno(control.version())).toBe('EACCES');
  });

  test('a caller without privilege learns that, not that the version is unknown', () => {
    const control = speaking(0x15, () => 'EPERM');
    expect(control.pause(GUEST)).toEqual({
      ok: false,
      error: { errno: 'EPERM', what: 'cannot pause domain 7' },
    });
  });
});

describe('creating a domain', () => {
  test.each(DOMCTL_INTERFACES)('version $version gets its own layout', (spoken) => {
    let seen: object = {};
    const control = speaking(spoken.version, (cmd, args) => {
      if (cmd !== XEN_DOMCTL_createdomain) return 0;
      seen = decode(spoken.createdomain, args, U);
      encode(xenDomctl, args, 0, { domain: GUEST });
      return 0;
    });
    expect(must(control.createDomain(CONFIG))).toBe(GUEST);
    expect(seen).toMatchObject({
      handle: CONFIG.uuid,
      flags: 3,
      maxVcpus: 3,
      maxEvtchnPort: 1023,
      maxGrantFrames: 64,
      maxMaptrackFrames: 1024,
      grantOpts: 1,
      vmtraceSize: 0,
      cpupoolId: 0,
      emulationFlags: 1,
      miscFlags: 0,
    });
  });

  /** Where struct xen_domctl_createdomain has its fields, and the domid that asks for any. */
  test.each([
    { tag: 'RELEASE-4.17.0', version: 0x15, wildcard: 0, emulationFlags: 56 },
    { tag: 'RELEASE-4.18.0', version: 0x16, wildcard: 0, emulationFlags: 56 },
    { tag: 'RELEASE-4.19.0', version: 0x17, wildcard: 0, emulationFlags: 60 },
    { tag: 'RELEASE-4.20.0', version: 0x17, wildcard: 0, emulationFlags: 60 },
    { tag: 'RELEASE-4.21.0', version: 0x17, wildcard: 0, emulationFlags: 60 },
    { tag: 'RELEASE-4.22.0', version: 0x18, wildcard: 0x7ff5, emulationFlags: 60 },
  ])('is byte for byte that of domctl.h @ $tag', ({ version, wildcard, emulationFlags }) => {
    let asked = -1;
    let seen: Uint8Array = new Uint8Array(0);
    const control = speaking(version, (cmd, args, domain) => {
      if (cmd !== XEN_DOMCTL_createdomain) return 0;
      asked = domain;
      seen = args.slice(U);
      encode(xenDomctl, args, 0, { domain: GUEST });
      return 0;
    });
    expect(must(control.createDomain(CONFIG))).toBe(GUEST);
    const wanted = new Uint8Array(seen.length);
    wanted.set(CONFIG.uuid, 4);
    const words: [number, number][] = [
      [20, 3],
      [28, CONFIG.maxVcpus],
      [32, CONFIG.maxEvtchnPort],
      [36, CONFIG.maxGrantFrames],
      [40, CONFIG.maxMaptrackFrames],
      [44, 1],
      [emulationFlags, 1],
    ];
    for (const [at, value] of words) new DataView(wanted.buffer).setUint32(at, value, true);
    expect([asked, ...seen]).toEqual([wildcard, ...wanted]);
  });

  test('nothing of the call before shows in it', () => {
    let options: Uint8Array = new Uint8Array(0);
    const control = speaking(0x17, (cmd, args, domain) => {
      if (cmd === XEN_DOMCTL_getdomaininfo) {
        args.fill(0xff, U);
        return answerInfo(args, domain);
      }
      if (cmd === XEN_DOMCTL_createdomain) options = args.slice(U + 44, U + 68);
      return 0;
    });
    must(control.getInfo(GUEST));
    must(control.createDomain({ ...CONFIG, hap: false }));
    expect([...options]).toEqual([1, ...Array(15).fill(0), 1, ...Array(7).fill(0)]);
  });
});

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

describe('asking for a unique id', () => {
  test('it is the stable domctl of version 0, its struct as in domctl.h @ RELEASE-4.21.0', () => {
    const seen: number[][] = [];
    const control = domainControl(
      fakeHypercalls((op, _, args) => {
        const { cmd, interfaceVersion } = decode(xenDomctl, args);
        if (op !== __HYPERVISOR_domctl || cmd !== 90) return 0;
        seen.push([interfaceVersion, ...args.slice(U, U + 16)]);
        new DataView(args.buffer).setBigUint64(U + 8, 0xfedc_ba98_7654_3210n, true);
        return 0;
      }),
    );
    expect(must(control.uniqueId(GUEST))).toBe(0xfedc_ba98_7654_3210n);
    expect(seen).toEqual([Array(17).fill(0)]);
  });

  test.each([
    ['4.20', 'EACCES', 'ENOSYS'],
    ['4.21, of nobody', 'ESRCH', 'ESRCH'],
    ['4.22, without privilege', 'EPERM', 'EPERM'],
  ] as const)('Xen %s', (_, says, means) => {
    const control = domainControl(
      fakeHypercalls((op, _cmd, args) => {
        return op === __HYPERVISOR_domctl && decode(xenDomctl, args).cmd === 90 ? says : 0;
      }),
    );
    expect(errno(control.uniqueId(GUEST))).toBe(means);
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
