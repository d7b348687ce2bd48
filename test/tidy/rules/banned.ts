/** Rule: what the house does without. */

import { type Finding, findAll, isScript, type Rule, type SourceFile } from '../project.ts';

interface Ban {
  /** Where it is looked for: code without comments and strings, or all text. */
  readonly where: 'code' | 'text';
  readonly pattern: RegExp;
  readonly message: string;
  /** Files that are not looked at. */
  readonly except?: RegExp;
}

const LEFTOVERS = /\b(?:TODO|FIXME|XXX|HACK)\b/g;
/** These rules and their samples name what they look for. */
const OWN = /^test\/tidy\//;

const BANS: readonly Ban[] = [
  {
    where: 'code',
    pattern: /(?<![.\w$])(?:const\s+)?enum\s+\w+\s*\{/g,
    message: 'no enum: use a union of strings, or an object `as const`',
  },
  {
    where: 'code',
    pattern: /(?<![.\w$'"])any(?![\w$]|\s*[:(?]|')/g,
    message: 'no `any`: use `unknown` and look, or say the type',
  },
  {
    where: 'code',
    pattern: /\bas\s+unknown\s+as\b/g,
    message: 'no cast by way of `unknown`: let the types say how one becomes the other',
  },
  {
    where: 'text',
    pattern: /@ts-(?:ignore|nocheck|expect-error)\b(?!\|)/g,
    message: 'the compiler is not silenced: mend the type',
    except: OWN,
  },
  {
    where: 'code',
    pattern: /\bmkdir(?:Sync)?\([^;]*\brecursive\b/g,
    message: 'no recursive mkdir, which never returns under /proc: platform/unix/folders.ts',
    except: /^(?:test|deploy)\/|\.test\.ts$|\/testing\//,
  },
  {
    where: 'code',
    pattern: /\bexport\s+default\b/g,
    message: 'no default export: name it',
    except: /\.config\.ts$/,
  },
  {
    where: 'code',
    pattern: /\b(?:it|test|describe|bench)(?:\.\w+)*\.(?:only|skip|todo|skipIf|runIf|fails)\b/g,
    message: 'every test runs and counts: mend it or delete it',
  },
  {
    where: 'code',
    pattern: /(?<![.\w$])class\s+\w+\s+extends\s+(?!Error\b)/g,
    message: 'no inheritance: compose, or pass a function',
  },
];

function checkBan(file: SourceFile, ban: Ban): Finding[] {
  if (ban.except?.test(file.path)) return [];
  return findAll(file, ban.where, ban.pattern, ban.message);
}

export const banned: Rule = {
  name: 'no file uses what the house does without',
  check: (project) =>
    project.files
      .filter(({ path }) => isScript(path))
      .flatMap((file) => BANS.flatMap((ban) => checkBan(file, ban))),
};

export const leftovers: Rule = {
  name: 'nothing is left for later in a comment',
  check: (project) =>
    project.files
      .filter(({ path }) => !path.endsWith('package-lock.json') && !OWN.test(path))
      .flatMap((file) => findAll(file, 'text', LEFTOVERS, 'do it now, or open an issue')),
};
