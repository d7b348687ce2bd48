/**
 * What is kept of a domain beside xenstore, in the files and the format of libxl, so that xl's
 * verbs find what they need of our domains (libxl__userdata_* in libxl_dom.c and libxl_types.idl @
 * RELEASE-4.17.0; what those of 4.20 know more has its default).
 */

import type { Domid } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import { toLatin1 } from '../../core/text.ts';
import type { Files } from '../../platform/files.ts';
import { utf8 } from '../spec/utf8.ts';
import type { ShutdownAction, VmSpec } from '../spec/vm-spec.ts';
import { USERDATA_DIR } from './places.ts';

export interface KeptDomain {
  readonly domid: Domid;
  /** Lower case with dashes. */
  readonly uuid: string;
}

/** A file of a domain: who it is for is its last part. */
function userdataPath({ domid, uuid }: KeptDomain, user: string): string {
  return `${USERDATA_DIR}/userdata-d.${domid}.${uuid}.${user}`;
}

/** Writes the configuration where libxl looks for it. */
export function keepConfig(files: Files, of: KeptDomain, spec: VmSpec): Promise<Result<void>> {
  // libxl reads the file as a C string.
  const bytes = toLatin1(`${JSON.stringify(libxlConfig(spec, of.uuid), undefined, 4)}\n\0`);
  return files.write(userdataPath(of, 'libxl-json'), bytes);
}

/** Removes all files of a domain, whoever wrote them; only for one that is gone or never ran. */
export async function forgetDomain(files: Files, domid: Domid): Promise<Result<void>> {
  const names = await files.list(USERDATA_DIR);
  if (!names.ok) return names;
  const ours = new RegExp(`^userdata-.\\.${domid}\\.`);
  for (const name of names.value.filter((each) => ours.test(each))) {
    const removed = await files.remove(`${USERDATA_DIR}/${name}`);
    if (!removed.ok) return removed;
  }
  return ok();
}

/** libxl's names of actions are xl's, but for this one. */
function action(name: ShutdownAction): string {
  return name === 'rename-restart' ? 'restart_rename' : name.replaceAll('-', '_');
}

/** A libxl_domain_config as JSON: strings as in xenstore, a byte a character. */
function libxlConfig(spec: VmSpec, uuid: string): object {
  return {
    c_info: { type: 'pvh', name: spec.name, uuid },
    b_info: {
      max_vcpus: spec.maxvcpus,
      avail_vcpus: Array.from({ length: spec.vcpus }, (_, vcpu) => vcpu),
      max_memkb: spec.memoryKib,
      target_memkb: spec.memoryKib,
      kernel: utf8(spec.kernel),
      ...(spec.ramdisk === undefined ? {} : { ramdisk: utf8(spec.ramdisk) }),
      ...(spec.cmdline === '' ? {} : { cmdline: spec.cmdline }),
      'type.pvh': {},
    },
    on_poweroff: action(spec.onPoweroff),
    on_reboot: action(spec.onReboot),
    on_watchdog: action(spec.onWatchdog),
    on_crash: action(spec.onCrash),
    on_soft_reset: action(spec.onSoftReset),
  };
}
