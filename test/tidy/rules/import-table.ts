/** Rule: files import only what the import table allows. */

import { AREAS, type Area, KINDS } from '../import-table.ts';
import { importsOf } from '../imports.ts';
import { type Finding, type Rule, type SourceFile, scripts } from '../project.ts';

/** The area with the longest folder that holds the path. */
export function areaOf(path: string): Area {
  const holding = AREAS.filter(({ folder }) => folder === '' || path.startsWith(`${folder}/`));
  return holding.reduce((best, area) => (area.folder.length > best.folder.length ? area : best));
}

/** The area's rights with those that the file's kind adds. */
export function rightsOf(path: string): Area {
  const area = areaOf(path);
  const kinds = KINDS.filter(({ ends }) => ends.test(path)).map(({ adds }) => adds);
  return {
    folder: area.folder,
    may: [area.folder, ...area.may, ...kinds.flatMap(({ may }) => may)],
    npm: [...(area.npm ?? []), ...kinds.flatMap(({ npm }) => npm ?? [])],
    ...(area.node || kinds.some(({ node }) => node) ? { node: true } : {}),
  };
}

/** `@scope/name` or `name` of a specifier. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function checkFile(file: SourceFile, has: (path: string) => boolean): Finding[] {
  const rights = rightsOf(file.path);
  const findings: Finding[] = [];
  for (const { specifier, target, line } of importsOf(file)) {
    const report = (message: string) => findings.push({ path: file.path, line, message });
    const where = rights.folder === '' ? 'the root' : rights.folder;
    if (target !== undefined) {
      const { folder } = areaOf(target);
      const allowed = rights.may.includes(folder) || rights.may.includes('*');
      if (!has(target)) report(`imports ${specifier}, which is not there`);
      else if (!allowed) {
        report(`${where} may not import ${folder}: use a port, or move the code to where both may`);
      }
    } else if (specifier.startsWith('node:')) {
      if (!rights.node) report(`${where} is pure, no ${specifier}: take what it gives as a port`);
    } else if (!rights.npm?.includes(packageOf(specifier))) {
      report(`${where} may not import the package ${packageOf(specifier)}: see import-table.ts`);
    }
  }
  return findings;
}

export const importTable: Rule = {
  name: 'files import only what the import table allows',
  check: (project) => scripts(project).flatMap((file) => checkFile(file, project.has)),
};
