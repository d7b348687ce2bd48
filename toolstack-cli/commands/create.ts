/** `xtl vm create`: a file and settings become a VM, or a list of what is wrong with them. */

import { assert } from '../../shared/core/assert.ts';
import type { Domid } from '../../shared/core/ids.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import { fromLatin1 } from '../../shared/core/text.ts';
import { textOfBytes } from '../../shared/core/utf8.ts';
import {
  newCreateState,
  type Prepared,
  planCreate,
  prepareCreate,
  takeBack,
} from '../../shared/domain/build/index.ts';
import { readSpec, type SpecReading } from '../../shared/domain/spec/read-spec.ts';
import { readConfig } from '../../shared/domain/xl-cfg/config.ts';
import { joinSources } from '../../shared/domain/xl-cfg/sources.ts';
import type { HeldSignals } from '../../shared/platform/signals.ts';
import { carryOut, leftText } from '../carry-out.ts';
import type { Context } from '../context.ts';
import type { Host } from '../host.ts';
import { countProblems, renderProblems } from '../output/diagnostics.ts';
import { DONE, EXIT, failed, failure, type Outcome, SIGNAL_EXITS } from '../output/exit.ts';
import { showPlan } from '../output/show-plan.ts';
import { readable, styleFor } from '../output/style.ts';
import type { Options } from '../table.ts';
import { attachConsole } from './console.ts';
import { isSetting } from './setting-word.ts';

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
  if (file === undefined) return failure(EXIT.usage, await whatIsMissing(context, overrides));
  if (surplus !== undefined) {
    return failure(EXIT.usage, `'${surplus}' is neither a setting key=value nor the only file`);
  }
  const reading = await readFile(context, file, overrides);
  if (!reading.ok) return failed(reading.error);
  await report(context, reading.value, options.quiet === true);
  const { spec, problems } = reading.value;
  if (spec === undefined) return failure(EXIT.badConfig, `${file}: ${countProblems(problems)}`);

  const console = options.console === true;
  const dryRun = options.dryRun === true;
  const prepared = await prepareCreate(spec, await context.images({ dryRun }), {
    random: context.random(),
    // With a console the VM starts when the console is there: its first words are not lost.
    paused: options.paused === true || console,
  });
  if (!prepared.ok) return failed(prepared.error, '', IMAGE_EXITS);
  if (dryRun) return showPlan(context.terminal, planCreate(prepared.value), options.output);
  const host = await context.host();
  if (!host.ok) return failed(host.error);
  const signals = context.holdSignals();
  const outcome = await build(context, host.value, prepared.value, options, signals);
  signals.release();
  return outcome;
}

interface Words {
  readonly file: string | undefined;
  readonly overrides: readonly string[];
  readonly surplus: string | undefined;
}

function sortWords(words: readonly string[], defconfig: Options[string]): Words {
  const overrides = words.filter(isSetting);
  const files = words.filter((word) => !isSetting(word));
  if (typeof defconfig === 'string') files.unshift(defconfig);
  return { file: files[0], overrides, surplus: files[1] };
}

/** Who names a file with a = in its name has named none. */
async function whatIsMissing(context: Context, settings: readonly string[]): Promise<string> {
  const missing = 'create needs a configuration file';
  const files = await context.files();
  for (const word of settings) {
    if ((await files.stat(word)).ok) return `${missing}: if it is '${word}', write -f ${word}`;
  }
  return missing;
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

/** How long xenconsoled may take to offer a console before the VM starts without one. */
const CONSOLE_TIMEOUT_MS = 10_000;

/** Until the VM runs, or is there and paused as it should be, a signal takes it back. */
async function build(
  context: Context,
  host: Host,
  vm: Prepared,
  options: Options,
  signals: HeldSignals,
): Promise<Outcome> {
  const plan = planCreate(vm);
  const state = newCreateState(host);
  const quiet = options.quiet === true;
  const how = { clock: host.clock, quiet, signals, stoppable: true };
  const notDone = await carryOut(context, plan, state, how);
  if (notDone !== undefined) return notDone;
  const { domid } = state;
  assert(domid !== undefined, 'the plan has made a domain');
  if ((await signals.came()) === undefined) {
    await announce(context, host, `'${vm.spec.name}', domain ${domid}`, quiet);
    if (options.console !== true) return DONE;
    const outcome = await attach(context, host, domid, options.paused === true, signals);
    if (outcome !== undefined) return outcome;
  }
  const signal = await signals.came();
  assert(signal !== undefined, 'nothing else ends it here');
  const left = leftText(await takeBack(plan.steps, state));
  return failure(SIGNAL_EXITS[signal], `${plan.name} is taken back: ended by ${signal}${left}`);
}

async function announce(
  { terminal: { err } }: Context,
  host: Host,
  what: string,
  quiet: boolean,
): Promise<void> {
  const attended = await host.attend();
  if (!attended.ok) {
    const { what: why } = attended.error;
    const warning = `xtl: warning: nobody will act on the end of ${what}: ${why}`;
    err.write(`${readable(warning)}\n`);
  }
  if (!quiet) err.write(`${readable(`created ${what}`)}\n`);
}

/** Lets the VM run once its console is there. Undefined if a signal came before that. */
async function attach(
  context: Context,
  host: Host,
  domid: Domid,
  paused: boolean,
  signals: HeldSignals,
): Promise<Outcome | undefined> {
  let whole = paused;
  const onAttached = (): Result<void> => {
    if (whole) return ok();
    whole = true;
    return host.domainControl.unpause(domid);
  };
  const result = await attachConsole(context.terminal, host, domid, {
    timeoutMs: CONSOLE_TIMEOUT_MS,
    onAttached,
    until: signals.whenFirst,
  });
  const signal = await signals.came();
  if (signal !== undefined) {
    const stays = `domain ${domid} stays as it is: ended by ${signal}`;
    return whole ? failure(SIGNAL_EXITS[signal], stays) : undefined;
  }
  const running = onAttached();
  if (!result.ok) return failed(result.error, `domain ${domid} runs, but has no console: `);
  return running.ok ? DONE : failed(running.error);
}
