/** `xtl xenstored start --stubdom`: the store as a domain of its own, on a host that has none. */

import {
  newStoreDomainState,
  planStoreDomain,
  prepareStoreDomain,
  runPlan,
  startStoreDomain,
} from '../../shared/domain/build/index.ts';
import type { Context } from '../context.ts';
import { DONE, EXIT, failed, failure, type Outcome } from '../output/exit.ts';
import { startProgress } from '../output/progress.ts';
import type { Options } from '../table.ts';

/** Faults of the image as such, or an image too large for its memory. */
const IMAGE_EXITS = { EINVAL: EXIT.badConfig, ENOMEM: EXIT.badConfig, EISDIR: EXIT.badConfig };

/** For whoever has the command without the image. */
const HOW_TO_MAKE =
  'in the source of xtl npm run relink -- xenstored makes it, as dist/stubdom/xenstored.xen';

const MEMORY_MIB = /^[1-9][0-9]{0,5}$/;

export async function xenstoredStart(
  context: Context,
  words: readonly string[],
  options: Options,
): Promise<Outcome> {
  if (options.stubdom !== true) {
    return failure(EXIT.usage, 'only a xenstore domain is started by hand: --stubdom');
  }
  const memory = String(options.memory);
  if (!MEMORY_MIB.test(memory)) return failure(EXIT.usage, `--memory is MiB, not '${memory}'`);
  const prepared = await prepareStoreDomain(await context.images(), {
    kernel: String(options.kernel),
    memoryKib: Number(memory) * 1024,
    words: words.join(' '),
    random: context.random(),
  });
  if (!prepared.ok) {
    const { exit, message = '' } = failed(prepared.error, '', IMAGE_EXITS);
    return failure(
      exit,
      prepared.error.errno === 'ENOENT' ? `${message}; ${HOW_TO_MAKE}` : message,
    );
  }
  const host = await context.storeDomainHost();
  if (!host.ok) return failed(host.error);
  const plan = planStoreDomain(prepared.value);
  const state = newStoreDomainState(host.value);
  const progress = startProgress(context.terminal, plan, options.quiet === true);
  const result = await runPlan(plan, state, host.value.clock, progress.observe);
  await progress.end();
  if (!result.ok) {
    const { exit, message = '' } = failed(result.error);
    return failure(exit, `cannot ${plan.name}: ${message} [step ${result.error.step}]`);
  }
  const started = await startStoreDomain(prepared.value, state);
  if (!started.ok) return failed(started.error);
  if (options.quiet !== true) {
    const answered = `answered after ${started.value.toFixed(1)} ms`;
    context.terminal.err.write(`xenstore is served by domain ${state.domid}, ${answered}\n`);
  }
  return DONE;
}
