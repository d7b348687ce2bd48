/**
 * One string of `vif`, as xl reads it (xl-network-configuration(5); parse_nic_config in xl_parse.c
 * @ RELEASE-4.17.0 and RELEASE-4.20.0): parameters by name between commas, in any order; of one
 * that is said twice the last counts.
 */

import { formatMac, parseMac } from '../../net/mac-text.ts';
import { readVifRate, type VifRate } from './vif-rate.ts';

/** Who serves a vif of dom0's: Linux's netback or xtl's. */
export type VifServer = 'linux' | 'xtl';

export interface VifSpec {
  /** Six pairs of lower-case digits with colons; absent: one is to be made. */
  readonly mac?: string;
  readonly bridge?: string;
  readonly gatewaydev?: string;
  readonly type?: 'vif' | 'ioemu';
  /** Of an emulated interface. */
  readonly model?: string;
  /** Its name in the domain that serves it. */
  readonly vifname?: string;
  readonly script?: string;
  /** Addresses for the script, with spaces between them. */
  readonly ip?: string;
  /** The domain that serves it, by name or number. */
  readonly backend?: string;
  readonly backendtype?: VifServer;
  readonly rate?: VifRate;
  readonly devid?: number;
  readonly mtu?: number;
  readonly vlan?: string;
  readonly trusted?: boolean;
  /** What was said and has no effect, with the reason. */
  readonly idle: readonly string[];
}

/** What is wrong, and the text that it is about. */
export interface VifFault {
  readonly what: string;
  readonly near: string;
  /** It is right, and cannot be done yet. */
  readonly isLater?: true;
}

type Said = { -readonly [K in keyof VifSpec]: VifSpec[K] } & { idle: string[] };

/** What is wrong with a value; undefined: it is taken. */
type Take = (said: Said, value: string) => string | undefined;

/** xl lets a device have any number; Linux's name of a vif has room for so many. */
const DEVID_MAX = 65535;

/** What an IPv4 frame needs, and what Linux's netback takes (ETH_MIN_MTU, ETH_MAX_MTU). */
const [MTU_MIN, MTU_MAX] = [68, 65535];

/** dev_valid_name in net/core/dev.c @ v6.12: IFNAMSIZ is 16, with the end. */
const INTERFACE = /^(?!\.{1,2}$)[^\s/:]{1,15}$/;

const NO_INTERFACE = 'an interface has a name of 1 to 15 characters, no space, / or : among them';

function takeMac(said: Said, value: string): string | undefined {
  // Whatever separates its bytes, for xl.
  const bytes = parseMac(value.replaceAll('-', ':'));
  if (bytes === undefined) return 'a MAC address is like 00:16:3e:12:34:56';
  if (((bytes[0] as number) & 1) === 1) return 'this MAC address is one of a group';
  // As libxl: zeros are none.
  if (bytes.every((byte) => byte === 0)) delete said.mac;
  else said.mac = formatMac(bytes, 0);
  return undefined;
}

type TextKey = 'gatewaydev' | 'vifname' | 'bridge';

/** The bridge may be left to the script to find, by no name. */
function takeInterface(key: TextKey): Take {
  return (said, value) => {
    if (!INTERFACE.test(value) && !(key === 'bridge' && value === '')) return NO_INTERFACE;
    said[key] = value;
    return undefined;
  };
}

const hasControl = (text: string): boolean => [...text].some((c) => c < ' ' || c === '\x7f');

function takeText(key: 'script' | 'ip' | 'backend' | 'model' | 'vlan'): Take {
  return (said, value) => {
    if (hasControl(value)) return `${key} holds a control character`;
    if (value === '' && key !== 'ip') return `${key} is empty`;
    said[key] = value;
    return undefined;
  };
}

function takeCount(key: 'devid' | 'mtu', min: number, max: number): Take {
  return (said, value) => {
    const number = /^(0|[1-9][0-9]{0,9})$/.test(value) ? Number(value) : -1;
    if (number < min || number > max) return `${key} is a number from ${min} to ${max}`;
    said[key] = number;
    return undefined;
  };
}

const BY_NAME: Readonly<Record<string, Take>> = {
  mac: takeMac,
  bridge: takeInterface('bridge'),
  gatewaydev: takeInterface('gatewaydev'),
  netdev: (said, value) => {
    said.idle.push('netdev is the old name of gatewaydev');
    return takeInterface('gatewaydev')(said, value);
  },
  type: (said, value) => {
    if (value !== 'vif' && value !== 'ioemu') return 'type is vif or ioemu';
    said.type = value;
    return undefined;
  },
  model: takeText('model'),
  vifname: takeInterface('vifname'),
  script: takeText('script'),
  ip: takeText('ip'),
  backend: takeText('backend'),
  backendtype: (said, value) => {
    if (value !== 'linux' && value !== 'xtl') return 'backendtype is linux or xtl';
    said.backendtype = value;
    return undefined;
  },
  rate: (said, value) => {
    const rate = readVifRate(value);
    if (typeof rate === 'string') return rate;
    said.rate = rate;
    return undefined;
  },
  devid: takeCount('devid', 0, DEVID_MAX),
  mtu: takeCount('mtu', MTU_MIN, MTU_MAX),
  vlan: takeText('vlan'),
  accel: (said) => {
    said.idle.push('accel has no effect, for xl either');
    return undefined;
  },
};

/** Keys of replication (COLO), which libxl calls unstable. */
const REPLICATION = /^(forwarddev|colo_[a-z0-9_]+)=/;

function readOne(said: Said, text: string): VifFault | undefined {
  if (text === 'trusted' || text === 'untrusted') {
    said.trusted = text === 'trusted';
    return undefined;
  }
  if (REPLICATION.test(text)) {
    return { what: 'vifs of a replicated domain come later', near: text, isLater: true };
  }
  const equals = text.indexOf('=');
  const name = text.slice(0, Math.max(equals, 0));
  const take = Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
  const what = take === undefined ? 'unrecognized argument' : take(said, text.slice(equals + 1));
  return what === undefined ? undefined : { what, near: text };
}

/** Several strings are read one after the other, as words of a command line. */
export function readVifSpec(...texts: readonly string[]): VifSpec | VifFault {
  const said: Said = { idle: [] };
  for (const text of texts) {
    for (const part of text.split(',')) {
      const word = part.replace(/^ +/, '');
      const fault = word === '' ? undefined : readOne(said, word);
      if (fault !== undefined) return fault;
    }
  }
  return said;
}
