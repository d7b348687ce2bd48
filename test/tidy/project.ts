/** The repository as the rules see it: its own text files, by path from the root. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { blanked } from './blank.ts';

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** The text with comments and the contents of strings as spaces; empty for other languages. */
  readonly code: string;
}

export interface Project {
  readonly files: readonly SourceFile[];
  /** Whether a file or folder is there. */
  readonly has: (path: string) => boolean;
}

export interface Finding {
  readonly path: string;
  readonly line: number;
  /** What is wrong and what to do instead. */
  readonly message: string;
}

export interface Rule {
  /** What holds when there are no findings, as a sentence. */
  readonly name: string;
  readonly check: (project: Project) => readonly Finding[];
}

const TEXT = /\.(ts|mjs|js|json|md|c|h|S|sh|peggy|yml|service|cfg|lds)$|(^|\/)(LICENSE|run)$/;
/** Made from another file that is checked. */
const GENERATED = /\.peggy\.js$/;

/** A project of these texts: for the repository, and for samples. */
export function projectOf(texts: Readonly<Record<string, string>>): Project {
  const files = Object.entries(texts).map(([path, text]) => ({
    path,
    text,
    code: isScript(path) ? blanked(text) : '',
  }));
  const paths = Object.keys(texts);
  return {
    files,
    has: (path) => paths.some((known) => known === path || known.startsWith(`${path}/`)),
  };
}

/** What git has or would take: tracked files, and new ones that are not ignored. */
export function readRepository(root: string): Project {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', list, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  const present = listed
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)))
    .filter((path) => statSync(join(root, path)).isFile());
  const texts = present
    .filter((path) => TEXT.test(path) && !GENERATED.test(path))
    .map((path) => [path, readFileSync(join(root, path), 'utf8')]);
  const project = projectOf(Object.fromEntries(texts));
  return { ...project, has: (path) => existsSync(join(root, path)) };
}

/** TypeScript or JavaScript. */
export function isScript(path: string): boolean {
  return /\.(ts|mjs|js)$/.test(path);
}

export function isTest(path: string): boolean {
  return /\.test\.ts$/.test(path);
}

export function scripts(project: Project): readonly SourceFile[] {
  return project.files.filter(({ path }) => isScript(path) && !path.endsWith('.d.ts'));
}

export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** A finding for every match of `pattern` (global) in the file's `text` or `code`. */
export function findAll(
  file: SourceFile,
  where: 'text' | 'code',
  pattern: RegExp,
  message: string,
): Finding[] {
  const source = file[where];
  return [...source.matchAll(pattern)].map((match) => ({
    path: file.path,
    line: lineAt(source, match.index),
    message,
  }));
}
