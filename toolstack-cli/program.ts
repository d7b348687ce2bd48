/** From words to a command: commander, driven by the table of commands. */

import { Command as Commander, CommanderError, Option } from 'commander';
import { toLatin1 } from '../shared/core/text.ts';
import { utf8 } from '../shared/core/utf8.ts';
import { nearest } from '../shared/domain/spec/nearest.ts';
import type { Context } from './context.ts';
import { DONE, EXIT, failed, type Outcome } from './output/exit.ts';
import { readable } from './output/style.ts';
import { COMMANDS, type Command, GROUPS, type Options } from './table.ts';
import { VERSION } from './version.ts';
import { xlOption, xlVerb } from './xl-words.ts';

/** What the shells' scripts ask by: `xtl __complete -- WORDS...`. */
const COMPLETE = '__complete';

/** Runs what `argv` (without node and script) asks for. Prints everything, the failure too. */
export async function runProgram(context: Context, argv: readonly string[]): Promise<number> {
  const { out, err } = context.terminal;
  let outcome = await outcomeOf(context, argv);
  const printed = await out.flush();
  if (!printed.ok && outcome.exit === EXIT.ok) outcome = failed(printed.error);
  if (outcome.message !== undefined) err.write(`xtl: ${readable(outcome.message)}\n`);
  await err.flush();
  return outcome.exit;
}

async function outcomeOf(context: Context, argv: readonly string[]): Promise<Outcome> {
  const { out, err } = context.terminal;
  if (argv[0] === COMPLETE) {
    const { complete } = await import('./commands/complete.ts');
    const words = await complete(context, argv.slice(2), COMMANDS);
    out.write(toLatin1(utf8(words.map((word) => `${word}\n`).join(''))));
    return DONE;
  }
  let outcome = DONE;
  const program = buildProgram(async (command, args, options) => {
    outcome = await command.run(context, args, options);
  });
  forEachCommand(program, (command) =>
    command.configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      getOutHelpWidth: () => out.columns,
      getErrHelpWidth: () => err.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(`xtl: ${readable(inWords(command, oneLine(text)))}\n`),
    }),
  );
  if (argv.length === 0) {
    err.write(program.helpInformation());
    return { exit: EXIT.usage };
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? DONE : { exit: EXIT.usage };
  }
  return outcome;
}

/** Commander's `error: ...\n(Did you mean ...?)` as one line. */
function oneLine(text: string): string {
  return text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ');
}

/** An error of commander's, or what there is to say of an option of xl's. */
function inWords(command: Commander, text: string): string {
  const [, flag] = /^unknown option '(-[^']+)'/.exec(text) ?? [];
  const known = flag === undefined ? undefined : xlOption(pathOf(command), flag);
  return known ?? text;
}

/** The words of the table by which a command is known; none for the program itself. */
function pathOf(command: Commander): readonly string[] {
  const words: string[] = [];
  for (let at: Commander | null = command; at?.parent; at = at.parent) words.unshift(at.name());
  const [first = ''] = words;
  return COMMANDS.find(({ alias }) => words.length === 1 && alias === first)?.path ?? words;
}

type Action = (command: Command, args: readonly string[], options: Options) => Promise<void>;

function buildProgram(action: Action): Commander {
  const program = new Commander('xtl')
    .description('Xen management: virtual machines on this host')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    // Options of the program itself come before the verb: after it -V is the verb's.
    .enablePositionalOptions()
    .exitOverride();
  const groups = new Map<string, Commander>();
  refuseOthers(program, '');
  for (const [name, summary] of Object.entries(GROUPS)) {
    const group = program.command(name).description(summary).exitOverride();
    refuseOthers(group, `${name} `);
    groups.set(name, group);
  }
  for (const command of COMMANDS) {
    const [first = '', verb] = command.path;
    if (verb === undefined) define(program, first, command, action, false);
    else define(groups.get(first) ?? program, verb, command, action, false);
    if (command.alias !== undefined) define(program, command.alias, command, action, true);
  }
  addHelp(program, '');
  for (const [name, group] of groups) addHelp(group, `${name} `);
  const aliases = COMMANDS.flatMap((c) => (c.alias === undefined ? [] : [c.alias]));
  program.addHelpText('after', `\nxl's verbs work too: ${aliases.join(', ')}\n${EXITS}`);
  return program;
}

/** Naming no verb, or one that does not exist, is a usage error; the nearest one is offered. */
function refuseOthers(group: Commander, prefix: string): void {
  group.allowExcessArguments(true).action(() => {
    const [word] = group.args;
    if (word === undefined) group.error(`${prefix}needs a command: see xtl ${prefix}--help`);
    else refuse(group, prefix, word);
  });
}

function refuse(group: Commander, prefix: string, word: string): never {
  const near = nearest(
    word,
    group.commands.map((command) => command.name()),
  );
  const hint = near === undefined ? `see xtl ${prefix}--help` : `did you mean ${prefix}${near}?`;
  const ofXl = ['', 'vm '].includes(prefix) ? xlVerb(word) : undefined;
  return group.error(ofXl ?? `unknown command '${prefix}${word}' (${hint})`);
}

/** `xtl help vm create`, and the same as `xtl vm help create`. */
function addHelp(group: Commander, prefix: string): void {
  const help = group.command('help').description('print help for a command').exitOverride();
  help.usage('[command...]').argument('[words...]').helpOption(false);
  help.action((words: readonly string[]) => {
    let [at, before] = [group, prefix];
    for (const word of words) {
      const next = at.commands.find((command) => command.name() === word);
      if (next === undefined && at.commands.length > 0) refuse(at, before, word);
      if (next === undefined) help.error(`'${before.trim()}' has no command '${word}'`);
      else [at, before] = [next, `${before}${word} `];
    }
    at.outputHelp();
  });
}

const EXITS = `
Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 wrong state, 5 no privilege or no Xen,
6 bad configuration, 7 timeout, 129, 130, 143 ended by SIGHUP, SIGINT, SIGTERM
`;

function define(
  parent: Commander,
  name: string,
  command: Command,
  action: Action,
  hidden: boolean,
): void {
  const made = parent.command(name, { hidden }).description(command.summary).exitOverride();
  made.helpOption('-h, --help', 'print help').allowExcessArguments(false);
  if (command.usage !== undefined) made.usage(command.usage);
  for (const { usage, doc } of command.args) made.argument(usage, doc);
  for (const { flags, doc, choices, fallback } of command.options) {
    const option = new Option(flags, doc);
    if (choices !== undefined) option.choices(choices);
    if (fallback !== undefined) option.default(fallback);
    made.addOption(option);
  }
  const width = Math.max(...command.examples.map(([line]) => line.length));
  const examples = command.examples.map(([line, effect]) => `  ${line.padEnd(width)}  ${effect}`);
  made.addHelpText('after', `\nExamples:\n${examples.join('\n')}\n`);
  made.action(() => action(command, made.args, made.opts()));
}

function forEachCommand(command: Commander, visit: (command: Commander) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}
