/** Every command as data: the parser, the help, the aliases and the completion are made from it. */

import type { Context } from './context.ts';
import type { Outcome } from './output/exit.ts';
import { DISK_COMMANDS } from './table-disk.ts';
import { NET_COMMANDS } from './table-net.ts';
import { DOMAIN, OUTPUT, QUIET } from './table-parts.ts';
import { STORE_COMMANDS } from './table-store.ts';

export type Options = Readonly<Record<string, string | boolean | undefined>>;

/** Words after the command, in order; its options by camelCase name. */
export type Run = (context: Context, args: readonly string[], options: Options) => Promise<Outcome>;

/**
 * What a shell completes: names of domains, disks or vifs of the domain in front of it, a file and
 * settings for create, keys of xl.cfg, nodes of xenstore, any file, or one of these words.
 */
export type Completes =
  | 'domain'
  | 'disk'
  | 'vif'
  | 'config'
  | 'key'
  | 'node'
  | 'file'
  | readonly string[];

export interface Argument {
  /** As in a usage line: `<domain>`, `[key]`, `<words...>`. */
  readonly usage: string;
  readonly doc: string;
  readonly completes?: Completes;
}

export interface Option {
  /** As commander reads them: `-o, --output <format>`. */
  readonly flags: string;
  readonly doc: string;
  readonly choices?: readonly string[];
  readonly fallback?: string;
  /** Where there are no choices. */
  readonly completes?: Completes;
}

export interface Command {
  /** `['vm', 'create']`. */
  readonly path: readonly string[];
  /** The verb by which xl knows it. */
  readonly alias?: string;
  readonly summary: string;
  /** What follows the command in its usage line, where the arguments alone would not say it. */
  readonly usage?: string;
  readonly args: readonly Argument[];
  readonly options: readonly Option[];
  readonly examples: readonly (readonly [command: string, effect: string])[];
  /** Loads the command's own module only now: starting up stays cheap. */
  readonly run: Run;
}

const FORCE: Option = { flags: '--force', doc: 'even if other domains use what it serves' };

export const GROUPS: Readonly<Record<string, string>> = {
  vm: 'create, list, use and end virtual machines',
  disk: 'list, attach, detach and resize disks, and change media',
  net: 'list, attach and detach network interfaces, and record what passes them',
  store: 'read, write and watch nodes of xenstore',
  xenstored: 'choose the xenstored of this host',
};

export const COMMANDS: readonly Command[] = [
  {
    path: ['vm', 'create'],
    alias: 'create',
    summary: 'create a VM from an xl.cfg file',
    usage: '[options] FILE [key=value ...]',
    args: [
      {
        usage: '[words...]',
        doc: 'FILE, and settings key=value that come after those of the file',
        completes: 'config',
      },
    ],
    options: [
      {
        flags: '-f, --defconfig <file>',
        doc: 'the file, if its name holds a =',
        completes: 'file',
      },
      { flags: '-c, --console', doc: 'attach to the console; ^] detaches' },
      { flags: '-p, --paused', doc: 'leave the VM paused' },
      { flags: '-n, --dry-run', doc: 'show the steps and stop' },
      OUTPUT,
      QUIET,
    ],
    examples: [
      ['xtl vm create web1.cfg', 'create and start web1'],
      ['xtl vm create web1.cfg memory=2048 -c', 'with more memory, showing its console'],
      ['xtl vm create web1.cfg --dry-run', 'what would be done'],
    ],
    run: async (...args) => (await import('./commands/create.ts')).create(...args),
  },
  {
    path: ['vm', 'list'],
    alias: 'list',
    summary: 'list domains, in the columns of xl list',
    args: [{ usage: '[domain]', doc: 'only this one', completes: 'domain' }],
    options: [OUTPUT],
    examples: [
      ['xtl vm list', 'all domains'],
      ['xtl vm list -o json', 'the same for a program'],
    ],
    run: async (...args) => (await import('./commands/list.ts')).list(...args),
  },
  {
    path: ['vm', 'show'],
    summary: 'show all that is known of a domain',
    args: [DOMAIN],
    options: [OUTPUT],
    examples: [
      ['xtl vm show web1', 'as text'],
      ['xtl vm show 7 -o yaml', 'as YAML'],
    ],
    run: async (...args) => (await import('./commands/show.ts')).show(...args),
  },
  {
    path: ['vm', 'destroy'],
    alias: 'destroy',
    summary: 'end a domain at once, as by pulling its plug',
    args: [DOMAIN],
    options: [FORCE, QUIET],
    examples: [
      ['xtl vm destroy web1', 'end web1'],
      ['xtl vm destroy 7', 'end domain 7'],
    ],
    run: async (...args) => (await import('./commands/destroy.ts')).destroy(...args),
  },
  {
    path: ['vm', 'pause'],
    alias: 'pause',
    summary: 'stop the vCPUs of a domain',
    args: [DOMAIN],
    options: [FORCE],
    examples: [
      ['xtl vm pause web1', 'stop web1'],
      ['xtl vm pause 7', 'stop domain 7'],
    ],
    run: async (...args) => (await import('./commands/pause.ts')).pause(...args),
  },
  {
    path: ['vm', 'unpause'],
    alias: 'unpause',
    summary: 'let the vCPUs of a domain run',
    args: [DOMAIN],
    options: [],
    examples: [
      ['xtl vm unpause web1', 'let web1 run'],
      ['xtl vm unpause 7', 'let domain 7 run'],
    ],
    run: async (context, args) => (await import('./commands/pause.ts')).unpause(context, args),
  },
  {
    path: ['vm', 'shutdown'],
    alias: 'shutdown',
    summary: 'ask the guest to power off',
    args: [DOMAIN],
    options: [
      { flags: '-w, --wait', doc: 'wait until it has' },
      { flags: '--timeout <seconds>', doc: 'wait no longer than this' },
      FORCE,
      QUIET,
    ],
    examples: [
      ['xtl vm shutdown web1', 'ask and return'],
      ['xtl vm shutdown web1 --wait --timeout 60', 'exit 7 if a minute was not enough'],
    ],
    run: async (...args) => (await import('./commands/shutdown.ts')).shutdown(...args),
  },
  {
    path: ['vm', 'console'],
    alias: 'console',
    summary: 'attach to the console of a domain; ^] detaches',
    args: [DOMAIN],
    options: [{ flags: '--timeout <seconds>', doc: 'wait no longer for the console to appear' }],
    examples: [
      ['xtl vm console web1', 'type into web1'],
      ['xtl vm console web1 </dev/null >web1.log', 'record what it prints until it ends'],
    ],
    run: async (...args) => (await import('./commands/console.ts')).console(...args),
  },
  ...DISK_COMMANDS,
  ...NET_COMMANDS,
  ...STORE_COMMANDS,
  {
    path: ['doctor'],
    summary: 'check that this host can run VMs, and say what to do if not',
    args: [],
    options: [
      { flags: '--fix', doc: 'start the lifecycle service, remove what killed creates have left' },
      OUTPUT,
    ],
    examples: [
      ['xtl doctor', 'one line for each check'],
      ['xtl doctor -o json', 'the same for a program'],
    ],
    run: async (...args) => (await import('./commands/doctor.ts')).doctor(...args),
  },
  {
    path: ['explain'],
    summary: 'explain a key of xl.cfg',
    args: [{ usage: '[key]', doc: 'the key; without it all keys are listed', completes: 'key' }],
    options: [OUTPUT],
    examples: [
      ['xtl explain memory', 'type, unit, default and meaning'],
      ['xtl explain', 'all keys'],
    ],
    run: async (...args) => (await import('./commands/explain.ts')).explain(...args),
  },
  {
    path: ['completion'],
    summary: 'print a completion script for a shell',
    args: [{ usage: '<shell>', doc: 'bash, zsh or fish', completes: ['bash', 'zsh', 'fish'] }],
    options: [],
    examples: [
      ['source <(xtl completion bash)', 'in ~/.bashrc'],
      ['xtl completion fish > ~/.config/fish/completions/xtl.fish', 'for fish'],
    ],
    run: async (context, args) =>
      (await import('./commands/completion.ts')).completion(context, args),
  },
];
