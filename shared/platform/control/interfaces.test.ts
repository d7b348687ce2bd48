/** What differs between the interfaces of one Xen and another: versions, layouts, wildcards. */

import { describe, expect, test } from 'vitest';
import {
  DOMCTL_INTERFACES,
  XEN_DOMCTL_createdomain,
  XEN_DOMCTL_getdomaininfo,
  xenDomctl,
} from '../../abi/domctl.ts';
import { __HYPERVISOR_domctl } from '../../abi/xen.ts';
import { domid } from '../../core/ids.ts';
import { decode, encode } from '../../core/layout.ts';
import { must } from '../../core/result.ts';
import { domainControl } from './domain-control.ts';
import { answerInfo, errno, fakeHypercalls, speaking } from './fake-hypercalls.ts';

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
