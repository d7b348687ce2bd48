/** Rules: how files are named, and how they open. */

import { type Finding, isTest, type Rule, type SourceFile } from '../project.ts';

const KEBAB = /^\.?[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9-]+)*$/;
/** Names that tools and habits ask for. */
const CUSTOMARY = /^(README|ARCHITECTURE|CHANGELOG|CONTRIBUTING)\.md$|^LICENSE$/;
/** Assembler that is preprocessed has a capital letter by convention. */
const ASSEMBLER = /\.S$/;

export const fileNames: Rule = {
  name: 'file names are kebab-case',
  check: (project) =>
    project.files.flatMap(({ path }) => {
      const name = path.slice(path.lastIndexOf('/') + 1).replace(ASSEMBLER, '.s');
      if (KEBAB.test(name) || CUSTOMARY.test(name)) return [];
      return [{ path, line: 1, message: 'file names are kebab-case: rename it' }];
    }),
};

const OPENING: readonly { readonly files: RegExp; readonly comment: RegExp }[] = [
  { files: /\.(ts|mjs|c|h|S|lds)$/, comment: /^(?:\/\/\s*@ts-check\n)?(?:\/\/|\/\*)[\s*]*[^\s*/]/ },
  { files: /\.sh$|(^|\/)run$/, comment: /^#\s*\S/ },
];

/** A test beside the file that it tests needs no words of its own. */
function opens({ path, text }: SourceFile, has: (path: string) => boolean): Finding[] {
  const kind = OPENING.find(({ files }) => files.test(path));
  if (!kind || (isTest(path) && has(path.replace('.test.ts', '.ts')))) return [];
  const body = text.replace(/^#!.*\n/, '');
  if (kind.comment.test(body)) return [];
  return [{ path, line: 1, message: 'opens without a comment: say in a sentence what it is for' }];
}

export const headers: Rule = {
  name: 'every file opens with a comment that says what it is for',
  check: (project) => project.files.flatMap((file) => opens(file, project.has)),
};
