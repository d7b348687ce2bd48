/** `xtl completion`: scripts for bash, zsh and fish, made from the table of commands. */

import { KEYS } from '../../shared/domain/spec/keys.ts';
import type { Context } from '../context.ts';
import { DONE, EXIT, failure, type Outcome } from '../output/exit.ts';
import type { Argument, Command } from '../table.ts';

/** What may follow some words: `words` is `vm create`, or empty for the first word. */
interface Rule {
  readonly words: string;
  readonly next: readonly string[];
  readonly completes?: Argument['completes'];
}

export async function completion(
  context: Context,
  [shell = '']: readonly string[],
  commands: readonly Command[],
): Promise<Outcome> {
  const rules = rulesOf(commands);
  const script = { bash, zsh, fish }[shell];
  if (script === undefined) {
    return failure(EXIT.usage, `there is no completion for '${shell}': bash, zsh or fish`);
  }
  context.terminal.out.write(script(rules));
  return DONE;
}

function rulesOf(commands: readonly Command[]): readonly Rule[] {
  const groups = [...new Set(commands.flatMap(({ path }) => path.slice(0, -1)))];
  const first = commands.flatMap(({ path, alias }) => [
    ...(path.length === 1 ? path : []),
    ...(alias === undefined ? [] : [alias]),
  ]);
  return [
    { words: '', next: [...groups, ...first, 'help', '--help', '--version'] },
    ...groups.map((group) => ({
      words: group,
      next: commands.flatMap(({ path }) => (path[0] === group ? path.slice(1) : [])),
    })),
    ...commands.flatMap((command) =>
      [command.path.join(' '), ...(command.alias === undefined ? [] : [command.alias])].map(
        (words) => ruleOf(words, command),
      ),
    ),
  ];
}

function ruleOf(words: string, { args, options }: Command): Rule {
  const flags = [...options.map(({ flags }) => flags), '-h, --help'].flatMap((text) =>
    text.split(/[ ,]+/).filter((word) => word.startsWith('--')),
  );
  const completes = args[0]?.completes;
  const fixed = typeof completes === 'object' ? completes : completes === 'key' ? KEYS.keys() : [];
  return { words, next: [...fixed, ...flags], ...(completes !== undefined && { completes }) };
}

/** Names of domains, as xtl itself lists them; nothing where it cannot. */
const NAMES = `xtl vm list 2>/dev/null | awk 'NR > 1 { print $1 }'`;

function bash(rules: readonly Rule[]): string {
  const cases = rules.map(({ words, next, completes }) => {
    const extra =
      completes === 'domain'
        ? ` $(${NAMES})`
        : completes === 'config'
          ? ' $(compgen -f -X "!*.cfg" -- "$word") $(compgen -d -- "$word")'
          : '';
    return `    '${words}') next="${next.join(' ')}${extra}" ;;`;
  });
  return `# bash completion for xtl
_xtl() {
  local word=\${COMP_WORDS[COMP_CWORD]} words='' next='' i
  for ((i = 1; i < COMP_CWORD && i < 3; i++)); do
    case \${COMP_WORDS[i]} in
      -*) ;;
      *) [[ $i == 1 || $words == vm ]] && words="\${words:+$words }\${COMP_WORDS[i]}" ;;
    esac
  done
  case $words in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$next" -- "$word"))
}
complete -F _xtl xtl
`;
}

/** zsh takes the bash script through its own bridge. */
function zsh(rules: readonly Rule[]): string {
  return `#compdef xtl\nautoload -U +X bashcompinit && bashcompinit\n${bash(rules)}`;
}

function fish(rules: readonly Rule[]): string {
  const lines = rules.map(({ words: before, next, completes }) => {
    const extra = completes === 'domain' ? ` -a "(${NAMES.replaceAll('$', '\\$')})"` : '';
    const files = completes === 'config' ? '' : ' -f';
    return `complete -c xtl${files} -n "__xtl_after '${before}'" -a '${next.join(' ')}'${extra}`;
  });
  return `# fish completion for xtl
function __xtl_after
  set -l words (commandline -opc)
  set words (string match -v -- '-*' $words[2..3])
  test "$words[1]" = vm; or set words $words[1]
  test "$words" = "$argv[1]"
end
${lines.join('\n')}
`;
}
