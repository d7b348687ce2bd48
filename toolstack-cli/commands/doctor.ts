/** `xtl doctor`: one line for each check, with what to do. */

import type { Context } from '../context.ts';
import { DONE, EXIT, failure, type Outcome } from '../output/exit.ts';
import { emit, type Format } from '../output/format.ts';
import { printable, type Style, styleFor } from '../output/style.ts';
import type { Options } from '../table.ts';
import type { Check } from './doctor-check.ts';
import { runChecks } from './doctor-checks.ts';
import { checkDomains } from './doctor-domains.ts';

const PAINTS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** Exits 5 if a check failed: without it no VM can be made. Warnings do not count. */
export async function doctor(
  context: Context,
  _: readonly string[],
  options: Options,
): Promise<Outcome> {
  const { out, env } = context.terminal;
  const probes = await context.probes();
  const ofHost = await runChecks(probes);
  probes.close();
  const store = !ofHost.some(({ name, status }) => name === 'xenstored' && status === 'fail');
  const checks = [...ofHost, ...(await checkDomains(context, store, options.fix === true))];
  const style = styleFor(out, env);
  await emit(out, options.output as Format, checks, () =>
    checks.map((check) => line(check, style)).join(''),
  );
  const bad = checks.filter(({ status }) => status === 'fail').map(({ name }) => name);
  if (bad.length === 0) return DONE;
  return failure(EXIT.noPrivilege, `this host cannot run VMs: ${bad.join(', ')}`);
}

function line({ status, name, found, advice }: Check, style: Style): string {
  const label = style(PAINTS[status], status.padEnd(4));
  const hint = advice === undefined ? '' : `\n      ${style('cyan', '->')} ${advice}`;
  return `${label}  ${name}: ${printable(found)}${hint}\n`;
}
