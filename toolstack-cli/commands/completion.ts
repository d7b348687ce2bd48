/** `xtl completion`: how a shell asks xtl itself what may follow (complete.ts). */

import type { Context } from '../context.ts';
import { DONE, EXIT, failure, type Outcome } from '../output/exit.ts';
import bash from '../shells/xtl.bash';
import fish from '../shells/xtl.fish';
import zsh from '../shells/xtl.zsh';

const SCRIPTS: ReadonlyMap<string, string> = new Map(Object.entries({ bash, zsh, fish }));

export async function completion(
  context: Context,
  [shell = '']: readonly string[],
): Promise<Outcome> {
  const script = SCRIPTS.get(shell);
  if (script === undefined) {
    return failure(EXIT.usage, `there is no completion for '${shell}': bash, zsh or fish`);
  }
  context.terminal.out.write(script);
  return DONE;
}
