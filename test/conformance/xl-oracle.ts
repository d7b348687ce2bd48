// Asks Xen's own xl what it makes of configurations, and says the same of our reading, to compare.

import { readSpec } from '../../shared/domain/spec/read-spec.ts';
import type { VmSpec } from '../../shared/domain/spec/vm-spec.ts';
import { readConfig } from '../../shared/domain/xl-cfg/config.ts';
import { joinSources } from '../../shared/domain/xl-cfg/sources.ts';

/** A file's text, and words of the command line. */
export interface Question {
  readonly text: string;
  readonly words?: readonly string[];
}

/** What a configuration means, as far as both readers say it; undefined if it was refused. */
export type Meaning = Omit<VmSpec, 'configText' | 'type'> | undefined;

/** For bash, with XL_PRELOAD: reads all questions with `xl -N create`, a line for each. */
export function scriptFor(questions: readonly Question[]): string {
  const asks = questions.map(({ text, words = [] }) => {
    const decoded = words.map((word) => `"$(echo ${base64(word)} | base64 -d)"`).join(' ');
    return `ask ${base64(text)} ${decoded}`;
  });
  return `file=$(mktemp); trap 'rm "$file"' EXIT
ask() {
  echo "$1" | base64 -d > "$file"; shift
  if answer=$(LD_PRELOAD=$XL_PRELOAD xl -N create -q "$file" "$@" 2>/dev/null)
  then echo "$answer" | base64 | tr -d '\\n'; echo
  else echo refused
  fi
}
${asks.join('\n')}
`;
}

function base64(text: string): string {
  // `=` stands for nothing: an empty word would be no argument at all.
  return Buffer.from(text).toString('base64') || "''";
}

export function parseAnswers(output: string): readonly Meaning[] {
  return output
    .trimEnd()
    .split('\n')
    .map((line) => {
      if (line === 'refused') return undefined;
      return meaningOfXl(JSON.parse(Buffer.from(line, 'base64').toString()));
    });
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
  readonly on_poweroff?: string;
  readonly on_reboot?: string;
  readonly on_crash?: string;
  readonly on_watchdog?: string;
  readonly on_soft_reset?: string;
}

/** What xl leaves out is libxl's default (libxl_create.c @ RELEASE-4.17.0). */
function meaningOfXl(xl: XlConfig): Meaning {
  const { c_info: c, b_info: b } = xl;
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
  const { spec, problems } = readSpec(readConfig(joinSources('question.cfg', text, words)));
  const errors = problems.filter((p) => p.severity === 'error').map((p) => p.code);
  if (spec === undefined) return { meaning: undefined, errors };
  const { configText: _, type: __, ...meaning } = spec;
  return { meaning, errors };
}
