/** What may follow some words of a command line: the answer to a shell's TAB key. */

import { KEYS } from '../../shared/domain/spec/keys.ts';
import type { Context } from '../context.ts';
import type { Argument, Command, Completes, Option } from '../table.ts';
import { diskNames, domainNames, fileNames, nodePaths, vifNumbers } from './complete-names.ts';
import { isSetting } from './setting-word.ts';

/** A word that ends in `=` or `/` is not whole: more follows without a space. */
export async function complete(
  context: Context,
  words: readonly string[],
  commands: readonly Command[],
): Promise<readonly string[]> {
  const before = words.slice(0, -1);
  const word = words.at(-1) ?? '';
  const all = await following(context, before, word, commands);
  // A shell reads a line for each.
  return [...new Set(all)].filter((each) => each.startsWith(word) && !/\p{Cc}/u.test(each));
}

async function following(
  context: Context,
  before: readonly string[],
  word: string,
  commands: readonly Command[],
): Promise<readonly string[]> {
  if (before[0] === 'help') return before.length > 2 ? [] : verbs(before.slice(1), commands);
  const found = commands.find(({ path, alias }) =>
    [path, alias === undefined ? path : [alias]].some((names) =>
      names.every((name, i) => before[i] === name),
    ),
  );
  if (found === undefined) {
    if (before.length > 1) return [];
    const first = before.length === 0 ? ['help', '--help', '--version'] : ['--help'];
    return [...verbs(before, commands), ...first];
  }
  const length = before[0] === found.alias ? 1 : found.path.length;
  return ofCommand(context, found, before.slice(length), word);
}

/** The words that come after none or one of a command's own. */
function verbs(before: readonly string[], commands: readonly Command[]): readonly string[] {
  const [group] = before;
  if (group !== undefined) {
    return commands.flatMap(({ path }) => (path[0] === group ? path.slice(1) : []));
  }
  const aliases = commands.flatMap(({ alias }) => alias ?? []);
  return [...commands.flatMap(({ path }) => path.slice(0, 1)), ...aliases];
}

async function ofCommand(
  context: Context,
  { args, options }: Command,
  given: readonly string[],
  word: string,
): Promise<readonly string[]> {
  const { used, plain, pending, ended } = sort(given, options);
  if (pending !== undefined) return ofOption(context, pending, word, '');
  const [, long = '', start = ''] = /^(--[^=]+)=(.*)$/.exec(word) ?? [];
  const option = options.find(({ flags }) => long !== '' && names(flags).includes(long));
  if (option !== undefined && !ended) return ofOption(context, option, start, `${long}=`);
  const flags = [...options.filter((each) => !used.has(each)).map((each) => each.flags), '--help'];
  const longs = flags.flatMap((each) => names(each).filter((name) => name.startsWith('--')));
  if (word.startsWith('-') && !ended) return longs;
  const argument = argumentAt(args, plain.length);
  const configGiven = [...used].some(({ flags }) => flags.includes('--defconfig'));
  const found = await candidates(context, argument?.completes, word, { plain, configGiven });
  return found.length === 0 && word === '' && !ended ? longs : found;
}

/** What is given already: options, plain words, and an option that waits for its value. */
function sort(given: readonly string[], options: readonly Option[]) {
  const used = new Set<Option>();
  const plain: string[] = [];
  let pending: Option | undefined;
  let ended = false;
  for (const each of given) {
    if (pending !== undefined) pending = undefined;
    else if (ended || !/^-./.test(each)) plain.push(each);
    else if (each === '--') ended = true;
    else {
      const name = each.startsWith('--') ? each.replace(/=.*/, '') : `-${each.at(-1)}`;
      const option = options.find(({ flags }) => names(flags).includes(name));
      if (option !== undefined) used.add(option);
      if (option?.flags.includes('<') && !each.includes('=')) pending = option;
    }
  }
  return { used, plain, pending, ended };
}

function names(flags: string): readonly string[] {
  return flags.split(/[ ,]+/).filter((name) => name.startsWith('-'));
}

/** The argument that a plain word would be, behind so many others. */
function argumentAt(args: readonly Argument[], index: number): Argument | undefined {
  const last = args.at(-1);
  return args[index] ?? (last?.usage.includes('...') ? last : undefined);
}

async function ofOption(
  context: Context,
  { choices, completes }: Option,
  word: string,
  prefix: string,
): Promise<readonly string[]> {
  const given = { plain: [], configGiven: false };
  const found = await candidates(context, choices ?? completes, word, given);
  return found.map((each) => `${prefix}${each}`);
}

interface Given {
  readonly plain: readonly string[];
  readonly configGiven: boolean;
}

async function candidates(
  context: Context,
  completes: Completes | undefined,
  word: string,
  given: Given,
): Promise<readonly string[]> {
  if (completes === undefined) return [];
  if (completes === 'domain') return domainNames(context);
  if (completes === 'disk') return diskNames(context, given.plain[0] ?? '');
  if (completes === 'vif') return vifNumbers(context, given.plain[0] ?? '');
  if (completes === 'file') return fileNames(context, word);
  if (completes === 'key') return [...KEYS.keys()];
  if (completes === 'config') return configWords(context, word, given);
  if (completes !== 'node') return completes;
  const paths = await nodePaths(context, word);
  return paths.filter((path) => !given.plain.includes(path));
}

/** For create: one file, then settings; a key that is given already is not offered again. */
async function configWords(
  context: Context,
  word: string,
  { plain, configGiven }: Given,
): Promise<readonly string[]> {
  const settings = plain.filter((each) => isSetting(each));
  const hasFile = configGiven || settings.length < plain.length;
  const names = hasFile ? [] : await fileNames(context, word, '.cfg');
  // What would be read as a setting, or as an option, is not where its folder is named.
  const files = names.map((name) => (name.startsWith('-') || isSetting(name) ? `./${name}` : name));
  // The first word is mostly a file: keys are offered from their first letter on.
  if (!hasFile && word === '') return files;
  const keys = [...KEYS.values()].filter(({ status }) => status === 'now');
  const free = keys.filter(({ name }) => !settings.some((each) => each.startsWith(`${name}=`)));
  return [
    ...files,
    ...free.flatMap(({ name, values = [] }) =>
      word.startsWith(`${name}=`) ? values.map((value) => `${name}="${value}"`) : [`${name}=`],
    ),
  ];
}
