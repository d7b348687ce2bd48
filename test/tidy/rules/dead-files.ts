/** Rule: every script is a program, a test, or used by one. */

import { ENTRIES } from '../exceptions.ts';
import { importsOf } from '../imports.ts';
import { isTest, type Project, type Rule, scripts } from '../project.ts';

const PROGRAM = /(^|[./])main(\.[a-z0-9]+)?\.ts$/;

/** Paths that build scripts and package.json name as entries. */
function namedEntries(project: Project): string[] {
  const namers = project.files.filter(
    ({ path }) =>
      path === 'package.json' || (path.startsWith('deploy/') && /\.m?[jt]s$/.test(path)),
  );
  return namers.flatMap(({ text }) => text.match(/[\w./-]+\.(?:ts|mjs)\b/g) ?? []);
}

export const deadFiles: Rule = {
  name: 'every script is a program, a test, or used by one',
  check(project) {
    const all = new Map(scripts(project).map((file) => [file.path, file]));
    const named = [...ENTRIES, ...namedEntries(project)];
    const roots = [...all.keys()].filter(
      (path) => isTest(path) || PROGRAM.test(path) || named.includes(path),
    );
    const used = new Set<string>();
    for (let path = roots.pop(); path !== undefined; path = roots.pop()) {
      const file = all.get(path);
      if (!file || used.has(path)) continue;
      used.add(path);
      roots.push(...importsOf(file).flatMap(({ target }) => (target ? [target] : [])));
    }
    return [...all.keys()]
      .filter((path) => !used.has(path))
      .map((path) => ({ path, line: 1, message: 'nobody uses this file: delete it, or use it' }));
  },
};
