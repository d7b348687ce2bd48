/** A shell on a terminal with xtl's completion: what a user types becomes words for xtl. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROGRAM } from './built.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

/** How each starts without the user's own settings, and loads the script. */
const START: Readonly<Record<Shell, { readonly argv: string; readonly load: string }>> = {
  bash: { argv: 'bash --norc --noprofile -i', load: 'source <(xtl completion bash)' },
  zsh: {
    argv: 'zsh -f -i',
    load: 'autoload -U compinit; compinit -D; source <(xtl completion zsh)',
  },
  fish: { argv: 'fish --no-config -i', load: 'xtl completion fish | source' },
};

export function hasShell(shell: Shell): boolean {
  return spawnSync(shell, ['--version']).status === 0;
}

const PATIENCE_MS = 60_000;

/** A command `xtl` that answers completion as it is and keeps the words of all other calls. */
function recorder(dir: string, shell: Shell): string {
  const bin = join(dir, `.${shell}`);
  mkdirSync(bin, { recursive: true });
  const script = `#!/bin/sh
case $1 in
__complete | completion) exec '${process.execPath}' '${PROGRAM}' "$@" ;;
esac
{ printf '%s\\0' "$@"; printf '\\n\\0'; } >>'${join(bin, 'called')}'
`;
  writeFileSync(join(bin, 'xtl'), script);
  chmodSync(join(bin, 'xtl'), 0o755);
  return bin;
}

export class TypingUser {
  readonly #child: ChildProcess;
  readonly #called: string;
  #screen = '';
  #calls = 0;

  private constructor(child: ChildProcess, called: string) {
    this.#child = child;
    this.#called = called;
    child.stdout?.on('data', (data) => {
      this.#screen += data;
    });
  }

  static async at(shell: Shell, dir: string, env: NodeJS.ProcessEnv): Promise<TypingUser> {
    const bin = recorder(dir, shell);
    const path = `${bin}${delimiter}${process.env.PATH}`;
    const { argv, load } = START[shell];
    const child = spawn('script', ['-qfec', `stty cols 200; exec ${argv}`, '/dev/null'], {
      cwd: dir,
      env: { ...process.env, TERM: 'xterm', HOME: dir, ...env, PATH: path },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const user = new TypingUser(child, join(bin, 'called'));
    user.#type(`${load}\r`);
    await user.words('xtl ready\r');
    return user;
  }

  #type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Types a line with its Enter; the words with which xtl was called then. */
  async words(line: string): Promise<readonly string[]> {
    this.#type(line);
    const late = Date.now() + PATIENCE_MS;
    for (;;) {
      const calls = existsSync(this.#called)
        ? readFileSync(this.#called, 'utf8').split('\n\0')
        : [];
      if (calls.length - 1 > this.#calls) {
        return calls[this.#calls++]!.split('\0').slice(0, -1);
      }
      if (Date.now() > late)
        throw new Error(`no call came of ${line}; the screen: ${this.#screen}`);
      await sleep(10);
    }
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}
