/** Rule: links between documents lead somewhere. */

import { posix } from 'node:path';
import { type Finding, lineAt, type Rule, type SourceFile } from '../project.ts';

const LINK = /\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g;
const ELSEWHERE = /^(?:[a-z]+:|#)/;

function checkFile({ path, text }: SourceFile, has: (path: string) => boolean): Finding[] {
  return [...text.matchAll(LINK)].flatMap((match) => {
    const link = match[1] as string;
    if (ELSEWHERE.test(link)) return [];
    const file = link.replace(/[#?].*$/, '');
    const target = posix.normalize(posix.join(posix.dirname(path), decodeURI(file)));
    if (has(target.replace(/\/$/, ''))) return [];
    return [
      { path, line: lineAt(text, match.index), message: `${link} is not there: mend the link` },
    ];
  });
}

export const docLinks: Rule = {
  name: 'links between documents lead somewhere',
  check: (project) =>
    project.files
      .filter(({ path }) => path.endsWith('.md'))
      .flatMap((file) => checkFile(file, project.has)),
};
