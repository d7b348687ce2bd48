/** Command lines as getopt_long(3) reads them: what a drop-in for a C program has to understand. */

import { fail, ok, type Result } from '../../shared/core/result.ts';

export interface OptionRule {
  readonly letter?: string;
  readonly name: string;
  /** An optional argument is glued to its option: `-Ioff`, `--internal-db=off`. */
  readonly argument: 'none' | 'required' | 'optional';
}

export interface GivenOption {
  readonly name: string;
  readonly argument: string | undefined;
}

/** The option that a long name means; any beginning that only one name has will do. */
function longRule(rules: readonly OptionRule[], name: string): Result<OptionRule> {
  const exact = rules.find((rule) => rule.name === name);
  if (exact !== undefined) return ok(exact);
  const begun = rules.filter((rule) => rule.name.startsWith(name));
  const [only] = begun;
  if (only === undefined) return fail('EINVAL', `unknown option --${name}`);
  if (begun.length > 1) return fail('EINVAL', `option --${name} is ambiguous`);
  return ok(only);
}

/**
 * The options in their order. EINVAL for one that is unknown or lacks its argument, or for other
 * words.
 */
export function getopt(
  rules: readonly OptionRule[],
  words: readonly string[],
): Result<readonly GivenOption[]> {
  const given: GivenOption[] = [];
  let next = 0;

  const take = (rule: OptionRule, shown: string, glued: string | undefined): Result<void> => {
    let argument = glued;
    if (rule.argument === 'required' && argument === undefined) {
      argument = words[next++];
      if (argument === undefined) return fail('EINVAL', `option ${shown} needs an argument`);
    }
    if (rule.argument === 'none' && argument !== undefined) {
      return fail('EINVAL', `option ${shown} takes no argument`);
    }
    given.push({ name: rule.name, argument });
    return ok();
  };

  const long = (text: string): Result<void> => {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const rule = longRule(rules, name);
    if (!rule.ok) return rule;
    return take(rule.value, `--${name}`, equals < 0 ? undefined : text.slice(equals + 1));
  };

  const letters = (text: string): Result<void> => {
    for (let i = 0; i < text.length; i++) {
      const letter = text[i];
      const rule = rules.find((each) => each.letter === letter);
      if (rule === undefined) return fail('EINVAL', `unknown option -${letter}`);
      const rest = text.slice(i + 1);
      const glued = rule.argument !== 'none' && rest !== '' ? rest : undefined;
      const taken = take(rule, `-${letter}`, glued);
      if (!taken.ok || rule.argument !== 'none') return taken;
    }
    return ok();
  };

  while (next < words.length) {
    const word = words[next++] as string;
    if (word === '--' && next === words.length) break;
    const isOption = /^-./.test(word) && word !== '--';
    if (!isOption) return fail('EINVAL', `no arguments are wanted, but there is '${word}'`);
    const taken = word.startsWith('--') ? long(word.slice(2)) : letters(word.slice(1));
    if (!taken.ok) return taken;
  }
  return ok(given);
}
