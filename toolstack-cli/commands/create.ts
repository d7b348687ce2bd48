/** `xtl vm create`: a file and settings become a VM, or a list of what is wrong with them. */

import type { Domid } from '../../shared/core/ids.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import { fromLatin1 } from '../../shared/core/text.ts';
import {
  newCreateState,
  type Plan,
  planCreate,
  prepareCreate,
  runPlan,
} from '../../shared/domain/build/index.ts';
import { readSpec, type SpecReading } from '../../shared/domain/spec/read-spec.ts';
import { fromUtf8, textOfBytes } from '../../shared/domain/spec/utf8.ts';
import { readConfig } from '../../shared/domain/xl-cfg/config.ts';
import { joinSources } from '../../shared/domain/xl-cfg/sources.ts';
import type { Context } from '../context.ts';
import type { Host } from '../host.ts';
import { countProblems, renderProblems } from '../output/diagnostics.ts';
import { DONE, EXIT, failed, failure, type Outcome } from '../output/exit.ts';
import { columns, emit, type Format } from '../output/format.ts';
import { startProgress } from '../output/progress.ts';
import { printable, readable, styleFor } from '../output/style.ts';
import type { Options } from '../table.ts';
import { attachConsole } from './console.ts';

/** More than any configuration: what is larger is some other file. */
const CONFIG_MAX_BYTES = 4 << 20;

/** Faults of kernel and ramdisk as such are faults of the configuration that names them. */
const IMAGE_EXITS = {
  EINVAL: EXIT.badConfig,
  E2BIG: EXIT.badConfig,
  EOPNOTSUPP: EXIT.badConfig,
  ENOMEM: EXIT.badConfig,
  EISDIR: EXIT.badConfig,
} as const;

export async function create(
  context: Context,
  words: readonly string[],
  options: Options,
): Promise<Outcome> {
  const { file, overrides, surplus } = sortWords(words, options.defconfig);
  if (file === undefined) return failure(EXIT.usage, 'create needs a configuration file');
  if (surplus !== undefined) {
    return failure(EXIT.usage, `'${surplus}' is neither a setting key=value nor the only file`);
  }
  const reading = await readFile(context, file, overrides);
  if (!reading.ok) return failed(reading.error);
  await report(context, reading.value, options.quiet === true);
  const { spec, problems } = reading.value;
  if (spec === undefined) return failure(EXIT.badConfig, `${file}: ${countProblems(problems)}`);

  const console = options.console === true;
  const prepared = await prepareCreate(spec, await context.images(), {
    random: context.random(),
    // With a console the VM starts when the console is there: its first words are not lost.
    paused: options.paused === true || console,
  });
  if (!prepared.ok) return failed(prepared.error, '', IMAGE_EXITS);
  if (options.dryRun === true) {
    return showPlan(context, planCreate(prepared.value), options);
  }
  const host = await context.host();
  if (!host.ok) return failed(host.error);
  const created = await run(context, host.value, planCreate(prepared.value), options);
  if (typeof created !== 'number') return created;
  const attended = await host.value.attend();
  if (!attended.ok) {
    const { what } = attended.error;
    context.terminal.err.write(
      `xtl: warning: nobody will act on the end of domain ${created}: ${what}\n`,
    );
  }
  if (options.quiet !== true) {
    context.terminal.err.write(readable(`created '${spec.name}', domain ${created}`));
    context.terminal.err.write('\n');
  }
  return console ? attach(context, host.value, created, options) : DONE;
}

interface Words {
  readonly file: string | undefined;
  readonly overrides: readonly string[];
  readonly surplus: string | undefined;
}

/** As main_create in xl_vmcontrol.c @ RELEASE-4.17.0: what holds a = is a setting. */
function sortWords(words: readonly string[], defconfig: Options[string]): Words {
  const overrides = words.filter((word) => word.includes('='));
  const files = words.filter((word) => !word.includes('='));
  if (typeof defconfig === 'string') files.unshift(defconfig);
  return { file: files[0], overrides, surplus: files[1] };
}

async function readFile(
  context: Context,
  file: string,
  overrides: readonly string[],
): Promise<Result<SpecReading>> {
  // As for xl, /dev/null is a file without settings: all come from the command line.
  const files = await context.files();
  const bytes: Result<Uint8Array> =
    file === '/dev/null' ? ok(new Uint8Array()) : await files.read(file, CONFIG_MAX_BYTES);
  if (!bytes.ok) return bytes;
  const text = textOfBytes(fromLatin1(bytes.value));
  return ok(readSpec(readConfig(joinSources(file, text, overrides))));
}

async function report(
  context: Context,
  { spec, problems }: SpecReading,
  quiet: boolean,
): Promise<void> {
  if (quiet && spec !== undefined) return;
  const { err, env } = context.terminal;
  err.write(await renderProblems(problems, styleFor(err, env)));
}

async function showPlan<S>(context: Context, plan: Plan<S>, options: Options): Promise<Outcome> {
  const steps = plan.steps.map(({ id, title, undo }) => ({
    id,
    title: fromUtf8(title),
    undo: undo !== undefined,
  }));
  const data = { plan: fromUtf8(plan.name), steps };
  await emit(context.terminal.out, options.output as Format, data, () =>
    columns(
      ['#', 'STEP', 'WHAT IT DOES'],
      steps.map(({ id, title }, i) => [String(i + 1), id, printable(title)]),
    ),
  );
  return DONE;
}

/** The new domain, or how it failed. */
async function run(
  context: Context,
  host: Host,
  plan: ReturnType<typeof planCreate>,
  options: Options,
): Promise<Domid | Outcome> {
  const state = newCreateState(host);
  const progress = startProgress(context.terminal, plan, options.quiet === true);
  const result = await runPlan(plan, state, host.clock, progress.observe);
  await progress.end();
  if (result.ok && state.domid !== undefined) return state.domid;
  if (result.ok) return failure(EXIT.failed, `cannot ${plan.name}: no domain came of it`);
  const { left, step } = result.error;
  const rest = left.map(({ step: id, error }) => `; could not undo ${id}: ${error.what}`).join('');
  const { exit, message = '' } = failed(result.error);
  return failure(exit, `cannot ${plan.name}: ${message}${rest} [step ${step}]`);
}

/** How long xenconsoled may take to offer a console before the VM starts without one. */
const CONSOLE_TIMEOUT_MS = 10_000;

async function attach(
  context: Context,
  host: Host,
  domid: Domid,
  options: Options,
): Promise<Outcome> {
  let started = options.paused === true;
  const onAttached = (): Result<void> => {
    if (started) return ok();
    started = true;
    return host.domainControl.unpause(domid);
  };
  const settings = { timeoutMs: CONSOLE_TIMEOUT_MS, onAttached };
  const result = await attachConsole(context.terminal, host, domid, settings);
  const running = onAttached();
  if (!result.ok) return failed(result.error, `domain ${domid} runs, but has no console: `);
  return running.ok ? DONE : failed(running.error);
}
