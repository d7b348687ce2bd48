/** The key `vif`: what a VM's network interfaces shall be. */

import { isUtf8, utf8 } from '../../core/utf8.ts';
import { DOM0_NAMES, deviceStrings, LATER, WRONG, type WrongDevice } from './device-list.ts';
import type { Values } from './values.ts';
import { readVifSpec, type VifSpec } from './vif-spec.ts';
import type { VmVif } from './vm-spec.ts';

/** No number of its own yet. */
export type UnnumberedVif = Omit<VmVif, 'devid'> & { readonly devid?: number };

export interface ReadVif {
  readonly vif: UnnumberedVif;
  /** What was said and has no effect, with the reason. */
  readonly idle: readonly string[];
}

const TEXTS = ['bridge', 'gatewaydev', 'ip', 'vifname', 'script', 'vlan', 'backend'] as const;

type Texts = { readonly [K in (typeof TEXTS)[number]]?: string };

/** As in xenstore: UTF-8, a byte a character. */
function textsOf(spec: VifSpec): Texts {
  const said = TEXTS.flatMap((key): [string, string][] => {
    const text = spec[key];
    const isDom0 = key === 'backend' && DOM0_NAMES.includes(text ?? '');
    return text === undefined || isDom0 ? [] : [[key, utf8(text)]];
  });
  return Object.fromEntries(said);
}

function wrongTogether({ type, backend, backendtype }: VifSpec): WrongDevice | undefined {
  if (type === 'ioemu') {
    const hint = 'remove type=ioemu';
    return { code: WRONG, message: 'a pvh guest has no emulated interfaces', hint };
  }
  if (backendtype === undefined || DOM0_NAMES.includes(backend ?? '')) return undefined;
  const message = `backendtype says who in dom0 serves it, and ${backend} is to`;
  return { code: WRONG, message, hint: 'remove one of them' };
}

/** What the words ask for. */
export function readVif(words: readonly string[]): ReadVif | WrongDevice {
  const spec = readVifSpec(...words);
  if ('what' in spec) {
    const { what, near, isLater } = spec;
    const message = `${what}: ${JSON.stringify(near)}`;
    if (isLater) return { code: LATER, message };
    return { code: WRONG, message, hint: 'it looks like "bridge=br0,mac=00:16:3e:12:34:56"' };
  }
  const wrong = wrongTogether(spec);
  if (wrong !== undefined) return wrong;
  if (!words.every(isUtf8)) return { code: WRONG, message: 'the vif is not valid UTF-8' };
  const { mac, devid, rate, mtu, trusted, backendtype, model, idle } = spec;
  const vif = {
    ...(devid !== undefined && { devid }),
    ...(mac !== undefined && { mac }),
    ...textsOf(spec),
    ...(backendtype !== undefined && { server: backendtype }),
    ...(rate !== undefined && { rate }),
    ...(mtu !== undefined && { mtu }),
    ...(trusted !== undefined && { trusted }),
  };
  return { vif, idle: model === undefined ? idle : [...idle, 'model is of emulated interfaces'] };
}

/** With the lowest number that is free, unless it has one. */
export function withDevid(vif: UnnumberedVif, taken: ReadonlySet<number>): VmVif {
  let devid = vif.devid ?? 0;
  while (vif.devid === undefined && taken.has(devid)) devid++;
  return { ...vif, devid };
}

/** None if the key is not set, or where it is wrong: then that is a problem. */
export function readVifs(values: Values): readonly VmVif[] {
  const read: UnnumberedVif[] = [];
  const taken = new Set<number>();
  for (const { text, at } of deviceStrings(values, 'vif', 'a vif')) {
    const found = readVif([text]);
    if ('code' in found) {
      values.blameSpan(at, found);
      continue;
    }
    const { vif, idle } = found;
    for (const message of idle) {
      values.blameSpan(at, { severity: 'warning', code: 'XTL-C028', message });
    }
    if (vif.devid !== undefined && taken.has(vif.devid)) {
      values.blameSpan(at, { code: WRONG, message: `there is a vif ${vif.devid} already` });
    }
    if (vif.devid !== undefined) taken.add(vif.devid);
    read.push(vif);
  }
  // Numbers that are given count first, wherever they stand.
  return read.map((vif) => {
    const numbered = withDevid(vif, taken);
    taken.add(numbered.devid);
    return numbered;
  });
}
