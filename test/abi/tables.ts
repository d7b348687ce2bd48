/** Every layout and constant that shared/abi exports, as one list for the C probe. */

import * as blkif from '../../shared/abi/blkif.ts';
import * as console from '../../shared/abi/console.ts';
import * as domctl from '../../shared/abi/domctl.ts';
import * as elf from '../../shared/abi/elf.ts';
import * as elfnote from '../../shared/abi/elfnote.ts';
import * as eventChannel from '../../shared/abi/event-channel.ts';
import * as gnttabLib from '../../shared/abi/gnttab-lib.ts';
import * as grantTable from '../../shared/abi/grant-table.ts';
import * as hvmContext from '../../shared/abi/hvm-context.ts';
import * as hvmParams from '../../shared/abi/hvm-params.ts';
import * as memory from '../../shared/abi/memory.ts';
import * as netif from '../../shared/abi/netif.ts';
import * as sched from '../../shared/abi/sched.ts';
import * as startInfo from '../../shared/abi/start-info.ts';
import * as sysctl from '../../shared/abi/sysctl.ts';
import * as vchan from '../../shared/abi/vchan.ts';
import * as version from '../../shared/abi/version.ts';
import * as xen from '../../shared/abi/xen.ts';
import * as xenbus from '../../shared/abi/xenbus.ts';
import * as xsWire from '../../shared/abi/xs-wire.ts';
import { assert } from '../../shared/core/assert.ts';
import type { Layout } from '../../shared/core/layout.ts';

/** By file name without `.ts`. */
export const modules: Readonly<Record<string, object>> = {
  blkif,
  console,
  domctl,
  elf,
  elfnote,
  'event-channel': eventChannel,
  'gnttab-lib': gnttabLib,
  'grant-table': grantTable,
  'hvm-context': hvmContext,
  'hvm-params': hvmParams,
  memory,
  netif,
  sched,
  'start-info': startInfo,
  sysctl,
  vchan,
  version,
  xen,
  xenbus,
  'xs-wire': xsWire,
};

/** Xen of one release, as its headers should be. */
export interface Release {
  readonly xen: string;
  readonly suite: 'bookworm' | 'trixie';
  readonly domctl: number;
  readonly sysctl: number;
  /** Constants and C types of ours that this release does not have yet. */
  readonly lacks: readonly string[];
}

/** What Debian's newest headers lack as well: 4.21 and 4.22 have it. */
const LATER = [
  'XEN_DOMCTL_get_domain_state',
  'XEN_DOMCTL_GETDOMSTATE_STATE_EXIST',
  'XEN_DOMCTL_GETDOMSTATE_STATE_SHUTDOWN',
  'XEN_DOMCTL_GETDOMSTATE_STATE_DYING',
  'XEN_DOMCTL_GETDOMSTATE_STATE_DEAD',
  'struct xen_domctl_get_domain_state',
  'DOMID_ANY',
];

export const releases: readonly Release[] = [
  {
    xen: '4.17',
    suite: 'bookworm',
    domctl: 0x15,
    sysctl: 0x15,
    lacks: ['XEN_ELFNOTE_PHYS32_RELOC', ...LATER],
  },
  { xen: '4.20', suite: 'trixie', domctl: 0x17, sysctl: 0x15, lacks: LATER },
];

export interface Named<T> {
  /** `file.export`, for messages. */
  readonly name: string;
  readonly value: T;
}

export interface Constant extends Named<number | string> {
  /** The C expression. */
  readonly c: string;
}

export interface Tables {
  readonly layouts: readonly Named<Layout>[];
  readonly constants: readonly Constant[];
}

function isLayout(value: object): value is Layout {
  return 'fields' in value && 'size' in value && 'c' in value;
}

/** The interface of this release, or an error that says which versions we have. */
function domctlOf(release: Release): domctl.DomctlInterface {
  const found = domctl.DOMCTL_INTERFACES.find((each) => each.version === release.domctl);
  assert(found !== undefined, `no domctl interface ${release.domctl} for Xen ${release.xen}`);
  return found;
}

/** What is no plain constant and no layout. */
function special(release: Release): Record<string, Tables> {
  const interfaces = domctlOf(release);
  assert(
    sysctl.SYSCTL_INTERFACES.some((each) => each.version === release.sysctl),
    `no sysctl interface ${release.sysctl}`,
  );
  const constant = (name: string, c: string, value: number | string): Constant => ({
    name,
    c,
    value,
  });
  return {
    DOMCTL_INTERFACES: {
      layouts: [{ name: 'domctl.DOMCTL_INTERFACES.createdomain', value: interfaces.createdomain }],
      constants: [constant('domctl.version', 'XEN_DOMCTL_INTERFACE_VERSION', release.domctl)],
    },
    SYSCTL_INTERFACES: {
      layouts: [],
      constants: [constant('sysctl.version', 'XEN_SYSCTL_INTERFACE_VERSION', release.sysctl)],
    },
    XSD_ERRORS: {
      layouts: [],
      constants: [
        constant('xs-wire.XSD_ERRORS.length', 'COUNT(xsd_errors)', xsWire.XSD_ERRORS.length),
        ...xsWire.XSD_ERRORS.map((errno, i) =>
          constant(`xs-wire.XSD_ERRORS[${i}]`, `xsd_errors[${i}].errstring`, errno),
        ),
      ],
    },
  };
}

/**
 * Sorts the exports of shared/abi: a layout is a C type, a number or string the constant of its
 * name, an object of numbers a C macro with the key as its argument.
 */
export function tables(release: Release): Tables {
  const layouts: Named<Layout>[] = [];
  const constants: Constant[] = [];
  const specials = special(release);
  for (const [file, module] of Object.entries(modules)) {
    for (const [name, value] of Object.entries(module) as [string, unknown][]) {
      const full = `${file}.${name}`;
      const known = specials[name];
      if (known !== undefined) {
        layouts.push(...known.layouts);
        constants.push(...known.constants);
      } else if (typeof value === 'number' || typeof value === 'string') {
        if (!release.lacks.includes(name)) constants.push({ name: full, c: name, value });
      } else {
        assert(
          typeof value === 'object' && value !== null,
          `${full} is neither table nor constant`,
        );
        if (isLayout(value)) {
          if (!release.lacks.includes(value.c)) layouts.push({ name: full, value });
        } else
          for (const [key, number] of Object.entries(value) as [string, unknown][]) {
            assert(typeof number === 'number', `${full}.${key} is no number`);
            constants.push({ name: `${full}.${key}`, c: `${name}(${key})`, value: number });
          }
      }
    }
  }
  return { layouts, constants };
}
