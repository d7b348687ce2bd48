/** `xtl xenstored`: lets the host start xtl's xenstored instead of Xen's own, or undoes that. */

import { ok, type Result } from '../../shared/core/result.ts';
import { fromLatin1, toLatin1 } from '../../shared/core/text.ts';
import type { Files } from '../../shared/platform/files.ts';
import type { Context } from '../context.ts';
import { DONE, EXIT, failed, failure, type Outcome } from '../output/exit.ts';
import { emit, type Format, fields } from '../output/format.ts';
import { printable } from '../output/style.ts';
import type { Options } from '../table.ts';
import {
  type ConfigPlace,
  chosenIn,
  PLACES,
  PROGRAM,
  withOurs,
  withoutOurs,
} from './xenstored-config.ts';
import { type Running, runningNow, runningText } from './xenstored-running.ts';

/** A configuration file is text of some lines. */
const CONFIG_MAX = 1 << 20;

interface Found extends ConfigPlace {
  readonly text: string;
}

/** The files that this host reads, and what is in them. */
async function findPlaces(files: Files): Promise<Result<readonly Found[]>> {
  const found: Found[] = [];
  for (const place of PLACES) {
    if (!(await files.stat(place.sign)).ok) continue;
    const bytes = await files.read(place.file, CONFIG_MAX);
    if (!bytes.ok && bytes.error.errno !== 'ENOENT') return bytes;
    found.push({ ...place, text: bytes.ok ? fromLatin1(bytes.value) : '' });
  }
  return ok(found);
}

const AT_BOOT =
  'It takes effect at the next boot: domains and the kernel of dom0 keep their state in the\n' +
  'xenstored that runs.\n';

async function change(context: Context, edit: (text: string) => string): Promise<Outcome> {
  const files = await context.files();
  const places = await findPlaces(files);
  if (!places.ok) return failed(places.error);
  if (places.value.length === 0) {
    const names = PLACES.map(({ sign }) => sign).join(', ');
    return failure(EXIT.wrongState, `nothing here starts a xenstored: there is none of ${names}`);
  }
  let changed = false;
  for (const { file, text, reader } of places.value) {
    const next = edit(text);
    if (next === text) continue;
    const done = await files.replace(file, toLatin1(next));
    if (!done.ok) return failed(done.error);
    changed = true;
    context.terminal.out.write(`${file}, which ${reader} reads, is changed.\n`);
  }
  context.terminal.out.write(changed ? AT_BOOT : 'It is so already.\n');
  return DONE;
}

export async function xenstoredEnable(context: Context): Promise<Outcome> {
  const program = await (await context.files()).stat(PROGRAM);
  if (!program.ok) return failed(program.error);
  return change(context, (text) => withOurs(text, PROGRAM));
}

export function xenstoredDisable(context: Context): Promise<Outcome> {
  return change(context, withoutOurs);
}

interface Status extends Running {
  /** What starts at the next boot, file by file; null: the host's own choice. */
  readonly configured: readonly { readonly file: string; readonly program: string | null }[];
}

export async function xenstoredStatus(
  context: Context,
  _: readonly string[],
  options: Options,
): Promise<Outcome> {
  const places = await findPlaces(await context.files());
  if (!places.ok) return failed(places.error);
  const now = await runningNow(context);
  if (!now.ok) return failed(now.error);
  const status: Status = {
    ...now.value,
    configured: places.value.map(({ file, text }) => ({ file, program: chosenIn(text) ?? null })),
  };
  await emit(context.terminal.out, options.output as Format, status, () =>
    fields([
      ['running', runningText(status)],
      ...status.configured.map(
        ({ file, program }) =>
          [file, printable(program ?? "not set: the host's own")] as readonly [string, string],
      ),
    ]),
  );
  return DONE;
}
