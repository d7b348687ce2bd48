/**
 * The MAC address of a vif for which none is said: Xen's three bytes in front, and then, as for
 * libxl, 23 bits at random (libxl__device_nic_setdefault in libxl_nic.c @ RELEASE-4.17.0). Ours
 * come of the VM's uuid and of the vif's number, so that it has them again at its next start.
 */

import { formatMac } from '../../net/mac-text.ts';
import type { VmSpec, VmVif } from '../spec/vm-spec.ts';

/** FNV-1a, whose last bits are mixed once more. */
function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  sum = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  return (sum ^ (sum >>> 13)) >>> 0;
}

export interface NamedVif extends VmVif {
  readonly mac: string;
}

/** The vif with its address; `uuid` is the VM's. */
export function withMac(vif: VmVif, uuid: string): NamedVif {
  const bits = hash(`${uuid}/${vif.devid}`);
  const made = Uint8Array.of(0x00, 0x16, 0x3e, (bits >>> 16) & 0x7f, bits >>> 8, bits);
  return { ...vif, mac: vif.mac ?? formatMac(made, 0) };
}

/** The spec with all addresses. */
export function withMacs(spec: VmSpec, uuid: string): VmSpec {
  const { vifs } = spec;
  return vifs === undefined ? spec : { ...spec, vifs: vifs.map((vif) => withMac(vif, uuid)) };
}
