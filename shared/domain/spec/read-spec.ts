/** From settings to a VmSpec, by xl's rules (parse_config_data in xl_parse.c @ RELEASE-4.17.0). */

import { isUtf8, utf8 } from '../../core/utf8.ts';
import type { Config } from '../xl-cfg/config.ts';
import { byPlace, type Problem } from '../xl-cfg/problem.ts';
import { checkOtherKeys } from './other-keys.ts';
import { readDisks } from './read-disks.ts';
import { readVifs } from './read-vifs.ts';
import { Values } from './values.ts';
import { SHUTDOWN_ACTIONS, type ShutdownAction, type VmSpec } from './vm-spec.ts';

export interface SpecReading {
  /** There if and only if no problem is an error. */
  readonly spec?: VmSpec;
  /** Of syntax and of meaning, by place. */
  readonly problems: readonly Problem[];
}

/** libxl_types.idl and hvm_info_table.h @ RELEASE-4.17.0: HVM_MAX_VCPUS. */
const MAX_VCPUS = 128;

/** x86 has at most 52 physical address bits: 2^52 bytes in MiB. */
const MAX_MIB = 2 ** 32;

/** xenconsoled puts the name into `guest-NAME.log`, and a file name has at most 255 bytes. */
const MAX_NAME_BYTES = 245;

export function readSpec(config: Config): SpecReading {
  if (!config.isText) return { problems: config.problems };
  const values = new Values(config);
  const type = readType(values);
  // Nothing else of such a file is meant for a guest that xtl could make.
  if (type === 'hvm')
    return { problems: [...config.problems, ...values.problems].toSorted(byPlace) };
  const isDriverDomain = values.flag('driver_domain');
  // Whose guests wait for it, where it crashes: so xl's default is not its.
  const crash = isDriverDomain ? 'restart' : 'destroy';
  const spec = {
    name: utf8(readName(values)),
    ...optional('uuid', readUuid(values)),
    type,
    kernel: required(values, 'kernel', 'write kernel = "/path/of/a/vmlinuz"'),
    ...optional('ramdisk', readPath(values, 'ramdisk')),
    cmdline: utf8(readCmdline(values)),
    ...readMemory(values),
    ...readVcpus(values),
    ...optional('isDriverDomain', isDriverDomain || undefined),
    ...optional('disks', someOf(readDisks(values))),
    ...optional('vifs', someOf(readVifs(values))),
    onPoweroff: readAction(values, 'on_poweroff', 'destroy'),
    onReboot: readAction(values, 'on_reboot', 'restart'),
    onCrash: readAction(values, 'on_crash', crash),
    onWatchdog: readAction(values, 'on_watchdog', crash),
    onSoftReset: readAction(values, 'on_soft_reset', 'soft-reset'),
    configText: config.sources.text,
  };
  checkOtherKeys(values);
  const problems = [...config.problems, ...values.problems].toSorted(byPlace);
  if (problems.some((problem) => problem.severity === 'error')) return { problems };
  return { spec, problems };
}

const someOf = <T>(list: readonly T[]): readonly T[] | undefined =>
  list.length === 0 ? undefined : list;

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}

/**
 * xl compares only as many characters as are there, hvm first: `""` and `h` are hvm, `p` is pv. A
 * deprecated builder must not contradict the type. Whatever it is, what is read is a pvh guest, but
 * for hvm, of which nothing more is read.
 */
function readType(values: Values): 'pvh' | 'hvm' {
  const text = values.string('type');
  const builder = values.string('builder');
  const type =
    text === undefined ? undefined : ['hvm', 'pv', 'pvh'].find((t) => t.startsWith(text));
  if (type === 'hvm' || (type === undefined && builder === 'hvm')) {
    values.blame(type === 'hvm' ? 'type' : 'builder', {
      code: 'XTL-C027',
      message: 'xtl makes no hvm guests yet',
      hint: 'xl makes it; a Linux guest runs as type = "pvh" as well, with a kernel of the host',
    });
    return 'hvm';
  }
  if (text !== undefined && type === undefined) {
    const hint = 'it is one of pv, pvh, hvm';
    values.blame('type', { code: 'XTL-C024', message: `there is no type ${text}`, hint });
  } else if (type === 'pv') {
    values.blame('type', LATER);
  }
  if (builder !== undefined) {
    const hint = 'remove builder and write type = "pvh"';
    values.blame('builder', { ...LATER, message: 'builder is an old way to say type', hint });
  } else if (!values.isGiven('type')) {
    values.blameFile({
      code: 'XTL-C020',
      message: 'type is not set, which means pv, and xtl makes no pv guests yet',
      hint: 'write type = "pvh"',
    });
  }
  return 'pvh';
}

const LATER = {
  code: 'XTL-C027',
  message: 'xtl makes no pv guests yet',
  hint: 'type = "pvh" runs any current Linux kernel',
};

function required(values: Values, key: string, hint: string): string {
  const text = key === 'kernel' ? readPath(values, key) : values.string(key);
  if (!values.isGiven(key))
    values.blameFile({ code: 'XTL-C020', message: `${key} is not set`, hint });
  return text ?? '';
}

function readPath(values: Values, key: string): string | undefined {
  const path = values.string(key);
  if (path === '') values.blame(key, { code: 'XTL-C029', message: `${key} is an empty path` });
  else if (path !== undefined && !isUtf8(path)) {
    values.blame(key, { code: 'XTL-C029', message: `${key} is not valid UTF-8` });
  }
  return path;
}

function readName(values: Values): string {
  const name = required(values, 'name', 'write name = "..."');
  const blame = (message: string): void => values.blame('name', { code: 'XTL-C029', message });
  if (!values.config.settings.has('name')) return name;
  if (name === '') blame('the name is empty');
  else if (!isUtf8(name)) blame('the name is not valid UTF-8');
  else if (hasControl(name)) blame('the name holds a control character');
  else if (name.includes('/')) blame('the name holds a /, and console logs are named after it');
  else if (utf8(name).length > MAX_NAME_BYTES) blame(`the name exceeds ${MAX_NAME_BYTES} bytes`);
  else if (/^[0-9]+$/.test(name)) {
    const message = 'commands take a name of digits for a domid';
    values.blame('name', { severity: 'warning', code: 'XTL-C029', message });
  }
  return name;
}

function hasControl(text: string): boolean {
  return [...text].some((c) => c < ' ' || (c >= '\x7f' && c <= '\x9f'));
}

/** As uuid_parse of libuuid: 36 characters, dashes in their places. */
function readUuid(values: Values): string | undefined {
  const text = values.string('uuid');
  if (text === undefined) return undefined;
  const uuid = text.toLowerCase();
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)) {
    const hint = 'it looks like 2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a';
    values.blame('uuid', { code: 'XTL-C029', message: 'the uuid is malformed', hint });
  } else if (/^[0-]+$/.test(uuid)) {
    values.blame('uuid', { code: 'XTL-C029', message: 'the uuid of zeros belongs to domain 0' });
  }
  return uuid;
}

/** What the lifecycle service does for an action that it cannot do as a whole. */
const INSTEAD: Partial<Record<ShutdownAction, string>> = {
  'coredump-destroy': 'destroy: it writes no core file yet',
  'coredump-restart': 'restart: it writes no core file yet',
  'soft-reset': 'restart: it resets no domain in place yet',
};

function readAction(values: Values, key: string, fallback: ShutdownAction): ShutdownAction {
  const action = values.choice(key, SHUTDOWN_ACTIONS, fallback);
  const instead = values.config.settings.has(key) ? INSTEAD[action] : undefined;
  if (instead !== undefined) {
    const message = `xtl takes ${action} for ${instead}`;
    values.blame(key, { severity: 'warning', code: 'XTL-C026', message });
  }
  return action;
}

/** cmdline wins over root and extra, which make one line together. */
function readCmdline(values: Values): string {
  const cmdline = values.string('cmdline');
  const root = values.string('root');
  const extra = values.string('extra');
  if (cmdline !== undefined) {
    for (const key of ['root', 'extra']) {
      const setting = values.config.settings.get(key);
      const message = `${key} has no effect because cmdline is set`;
      const severity = 'warning';
      if (setting !== undefined) values.blameName(setting, { severity, code: 'XTL-C028', message });
    }
    return cmdline;
  }
  if (root === undefined) return extra ?? '';
  return extra === undefined ? `root=${root}` : `root=${root} ${extra}`;
}

/** libxl's defaults: 32 MiB for maxmem, maxmem for memory (libxl_create.c @ RELEASE-4.17.0). */
function readMemory(values: Values): { memoryKib: number; maxmemKib: number } {
  const because = 'the unit is MiB';
  const memory = values.number('memory', { min: 1, max: MAX_MIB, because });
  const maxmem = values.number('maxmem', { min: 1, max: MAX_MIB, because });
  if (!values.isGiven('memory') && !values.isGiven('maxmem')) {
    const message = 'memory is not set, and the default of 32 MiB is small';
    values.blameFile({
      severity: 'warning',
      code: 'XTL-C020',
      message,
      hint: 'write memory = 512',
    });
  }
  if (memory !== undefined && maxmem !== undefined && maxmem < memory) {
    const message = `maxmem (${maxmem}) is less than memory (${memory})`;
    values.blame('maxmem', { code: 'XTL-C023', message });
  }
  if (memory !== undefined && maxmem !== undefined && maxmem > memory) {
    values.blame('maxmem', {
      severity: 'warning',
      code: 'XTL-C026',
      message: `the VM cannot grow to maxmem (${maxmem}) yet: it has ${memory} MiB, and no more`,
      hint: `to have ${maxmem} MiB, write memory = ${maxmem}`,
    });
  }
  const most = maxmem ?? memory ?? 32;
  return { memoryKib: (memory ?? most) * 1024, maxmemKib: most * 1024 };
}

function readVcpus(values: Values): { vcpus: number; maxvcpus: number } {
  const because = `Xen gives a guest at most ${MAX_VCPUS}`;
  const range = { min: 1, max: MAX_VCPUS, because };
  const vcpus = values.number('vcpus', range);
  const maxvcpus = values.number('maxvcpus', range);
  if (vcpus !== undefined && maxvcpus !== undefined && maxvcpus < vcpus) {
    const message = `maxvcpus (${maxvcpus}) is less than vcpus (${vcpus})`;
    values.blame('maxvcpus', { code: 'XTL-C023', message });
  }
  return { vcpus: vcpus ?? 1, maxvcpus: maxvcpus ?? vcpus ?? 1 };
}
