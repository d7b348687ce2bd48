// The arguments of `npm run lab`.
import { type ImageKind, imageKinds } from './image/images.ts';
import { type Accel, accels, type MachineOptions } from './machine/qemu.ts';
import type { XenVersion } from './xen-version.ts';

export const usage = `usage: npm run lab -- [options] [-- COMMAND...]
Boots a real Xen with a Debian dom0 and runs COMMAND in its bash; without one, gives a shell.
  --xen 4.17|4.20     which Xen (4.17)
  --timeout SECONDS   end everything after that time, with status 124
  --accel tcg|kvm     tcg emulates the processor and works everywhere (tcg)
  --xenstored KIND    c, ocaml, the path of a program in dom0, or ours as a stub domain started by
                      Xen's tool (stubdom) or by ours (xtl-stubdom) (c)
  --image KIND        plain, tools (python, QEMU, what drivers need) or systemd (plain)
  --disk FILE         dom0's disk; keeps what is written for the next call, made if absent
  --keep              leave the host running; the next call with this --xen uses it
  --stop              end the host that runs (that of --xen, or all)
  --help              this text`;

export interface LabArguments extends MachineOptions {
  readonly action: 'run' | 'stop' | 'help';
  /** Whether --xen was given: --stop without it ends every host. */
  readonly xenGiven: boolean;
  readonly keep: boolean;
  readonly timeoutSeconds: number | undefined;
  /** The command for bash, or undefined for a shell. */
  readonly command: string | undefined;
}

const choices = {
  '--xen': ['4.17', '4.20'],
  '--accel': accels,
  '--image': imageKinds,
} as const;

/** Parses the arguments; a wrong one is `{ error }`, one line that names it. */
export const parseArguments = (argv: readonly string[]): LabArguments | { error: string } => {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  let rest: readonly string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const [name = '', inline] = split(argv[i] as string);
    if (name === '--' || !name.startsWith('-')) {
      rest = argv.slice(name === '--' ? i + 1 : i);
      break;
    }
    if (['--keep', '--stop', '--help', '-h'].includes(name)) {
      flags.add(name);
      continue;
    }
    if (!['--xen', '--accel', '--timeout', '--xenstored', '--disk', '--image'].includes(name)) {
      return { error: `unknown option ${name}` };
    }
    const value = inline ?? argv[++i];
    if (value === undefined || value === '') return { error: `${name} needs a value` };
    values.set(name, value);
  }
  const wrong = checkValues(values);
  if (wrong !== undefined) return { error: wrong };
  const timeout = values.get('--timeout');
  return {
    action: flags.has('--help') || flags.has('-h') ? 'help' : flags.has('--stop') ? 'stop' : 'run',
    xen: (values.get('--xen') ?? '4.17') as XenVersion,
    xenGiven: values.has('--xen'),
    accel: (values.get('--accel') ?? 'tcg') as Accel,
    xenstored: values.get('--xenstored') ?? 'c',
    image: (values.get('--image') ?? 'plain') as ImageKind,
    disk: values.get('--disk'),
    keep: flags.has('--keep'),
    timeoutSeconds: timeout === undefined ? undefined : Number(timeout),
    command: rest.length > 0 ? rest.join(' ') : undefined,
  };
};

const split = (argument: string): string[] => {
  const at = argument.indexOf('=');
  if (!argument.startsWith('--') || at < 0) return [argument];
  return [argument.slice(0, at), argument.slice(at + 1)];
};

const checkValues = (values: ReadonlyMap<string, string>): string | undefined => {
  for (const [name, allowed] of Object.entries(choices)) {
    const value = values.get(name);
    if (value !== undefined && !(allowed as readonly string[]).includes(value)) {
      return `${name} is ${allowed.join(' or ')}, not ${value}`;
    }
  }
  const timeout = values.get('--timeout');
  if (timeout !== undefined && !(/^\d+(\.\d+)?$/.test(timeout) && Number(timeout) > 0)) {
    return `--timeout is a number of seconds, not ${timeout}`;
  }
  const xenstored = values.get('--xenstored');
  // It becomes a word of the kernel's command line, which QEMU splits at commas.
  if (xenstored !== undefined && !/^(c|ocaml|stubdom|xtl-stubdom|\/[\w./-]+)$/.test(xenstored)) {
    return `--xenstored is c, ocaml, stubdom, xtl-stubdom or a path in dom0, not ${xenstored}`;
  }
  return undefined;
};
