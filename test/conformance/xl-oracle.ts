/** What xl prints of a configuration, and what we read, as one and the same thing to compare. */

import { fromLatin1 } from '../../shared/core/text.ts';
import { textOfBytes } from '../../shared/core/utf8.ts';
import { readSpec } from '../../shared/domain/spec/read-spec.ts';
import type { VmSpec, VmVif } from '../../shared/domain/spec/vm-spec.ts';
import { readConfig } from '../../shared/domain/xl-cfg/config.ts';
import { joinSources } from '../../shared/domain/xl-cfg/sources.ts';
import type { Answer, Question } from '../peers/xl.ts';

/** What a configuration means, as far as both readers say it; undefined if it was refused. */
export type Meaning = Omit<VmSpec, 'configText' | 'type'> | undefined;

interface XlNic {
  readonly devid?: number;
  readonly mac?: string;
  readonly bridge?: string;
  readonly ifname?: string;
  readonly script?: string;
  readonly ip?: string;
  readonly gatewaydev?: string;
  readonly backend_domname?: string;
  readonly rate_bytes_per_interval?: number;
  readonly rate_interval_usecs?: number;
  readonly mtu?: number;
  readonly trusted?: 'True' | 'False';
}

interface XlConfig {
  readonly c_info: { readonly name: string; readonly uuid: string };
  readonly b_info: {
    readonly kernel?: string;
    readonly ramdisk?: string;
    readonly cmdline?: string;
    readonly max_memkb?: number;
    readonly target_memkb?: number;
    readonly max_vcpus?: number;
    readonly avail_vcpus?: readonly number[];
  };
  readonly nics?: readonly XlNic[];
  readonly on_poweroff?: string;
  readonly on_reboot?: string;
  readonly on_crash?: string;
  readonly on_watchdog?: string;
  readonly on_soft_reset?: string;
}

function meaningOfNic(nic: XlNic, devid: number): VmVif {
  const { mac, bridge, ifname: vifname, script, ip, gatewaydev, mtu } = nic;
  const { backend_domname: backend, rate_bytes_per_interval: bytes = 0 } = nic;
  const { rate_interval_usecs: intervalUs = 0, trusted } = nic;
  return {
    devid,
    ...(mac !== undefined && { mac }),
    ...(bridge !== undefined && { bridge }),
    ...(vifname !== undefined && { vifname }),
    ...(script !== undefined && { script }),
    ...(ip !== undefined && { ip }),
    ...(gatewaydev !== undefined && { gatewaydev }),
    ...(backend !== undefined && { backend }),
    ...(intervalUs > 0 && { rate: { bytes, intervalUs } }),
    ...(mtu !== undefined && { mtu }),
    ...(trusted !== undefined && { trusted: trusted === 'True' }),
  };
}

/** Numbers are libxl's to give, which xl -N does not ask: the lowest ones, says the manual. */
function meaningOfNics(nics: readonly XlNic[]): readonly VmVif[] {
  const taken = new Set(nics.map(({ devid }) => devid));
  return nics.map((nic) => {
    let devid = nic.devid ?? 0;
    while (nic.devid === undefined && taken.has(devid)) devid++;
    taken.add(devid);
    return meaningOfNic(nic, devid);
  });
}

/** What xl leaves out is libxl's default (libxl_create.c @ RELEASE-4.17.0). */
export function meaningOfXl(answer: Answer): Meaning {
  if (typeof answer === 'string') return undefined;
  const xl: XlConfig = JSON.parse(answer.printed);
  const { c_info: c, b_info: b, nics = [] } = xl;
  const action = (name = 'destroy'): VmSpec['onCrash'] =>
    (name === 'restart_rename' ? 'rename-restart' : name.replaceAll('_', '-')) as VmSpec['onCrash'];
  const maxmemKib = b.max_memkb ?? 32 * 1024;
  return {
    name: c.name,
    uuid: c.uuid,
    kernel: b.kernel ?? '',
    ...(b.ramdisk !== undefined && { ramdisk: b.ramdisk }),
    cmdline: b.cmdline ?? '',
    memoryKib: b.target_memkb ?? maxmemKib,
    maxmemKib,
    vcpus: b.avail_vcpus?.length || 1,
    maxvcpus: b.max_vcpus || 1,
    ...(nics.length > 0 && { vifs: meaningOfNics(nics) }),
    onPoweroff: action(xl.on_poweroff),
    onReboot: action(xl.on_reboot),
    onCrash: action(xl.on_crash),
    onWatchdog: action(xl.on_watchdog),
    onSoftReset: action(xl.on_soft_reset),
  };
}

/** Our meaning; the codes of all errors if we refuse it. */
export function ourReading({ text, words = [] }: Question): {
  readonly meaning: Meaning;
  readonly errors: readonly string[];
} {
  const content = typeof text === 'string' ? text : textOfBytes(fromLatin1(text));
  const { spec, problems } = readSpec(readConfig(joinSources('question.cfg', content, words)));
  const errors = problems.filter((p) => p.severity === 'error').map((p) => p.code);
  if (spec === undefined) return { meaning: undefined, errors };
  const { configText: _, type: __, ...meaning } = spec;
  return { meaning, errors };
}
