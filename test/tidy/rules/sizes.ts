/** Rules: sizes of files, functions and lines. */

import { LONG_FILES } from '../exceptions.ts';
import { type Finding, isScript, isTest, type Project, type Rule, scripts } from '../project.ts';

const SOFT_LINES = 300;
const HARD_LINES = 500;
const MEDIAN_LINES = 120;
const COLUMNS = 100;

const SIZED = /\.(ts|mjs|c|h|S|sh)$/;
/** A long address cannot be broken. */
const ADDRESS = /https?:\/\/\S{40}/;

function linesOf(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

export const fileLength: Rule = {
  name: 'files are short, or say why not',
  check(project) {
    const sized = project.files.filter(({ path }) => SIZED.test(path));
    const findings: Finding[] = [];
    for (const { path, text } of sized) {
      const lines = linesOf(text);
      const report = (message: string) => findings.push({ path, line: lines, message });
      if (lines > HARD_LINES) report(`${lines} lines, ${HARD_LINES} at most: split it by topic`);
      else if (lines > SOFT_LINES && !LONG_FILES[path]) {
        report(`${lines} lines: split it by topic, or give the reason in exceptions.ts`);
      }
    }
    for (const path of Object.keys(LONG_FILES)) {
      const file = sized.find((one) => one.path === path);
      if (project.has('test/tidy/exceptions.ts') && (!file || linesOf(file.text) <= SOFT_LINES)) {
        const message = `${path} is not long any more: take it off the list`;
        findings.push({ path: 'test/tidy/exceptions.ts', line: 1, message });
      }
    }
    return findings;
  },
};

export const medianLength: Rule = {
  name: 'the median file is short',
  check(project) {
    const code = scripts(project).filter(({ path }) => !isTest(path));
    const lengths = code.map(({ text }) => linesOf(text)).sort((a, b) => a - b);
    const median = lengths[lengths.length >> 1] ?? 0;
    if (median < MEDIAN_LINES) return [];
    const message = `the median file has ${median} lines, not under ${MEDIAN_LINES}: split some`;
    return [{ path: '.', line: 1, message }];
  },
};

export const lineWidth: Rule = {
  name: 'lines have at most 100 columns',
  check: (project: Project) =>
    project.files
      .filter(({ path }) => SIZED.test(path) || isScript(path))
      .flatMap(({ path, text }) =>
        text.split('\n').flatMap((line, i) => {
          const width = [...line].length;
          if (width <= COLUMNS || ADDRESS.test(line)) return [];
          return [{ path, line: i + 1, message: `${width} columns, ${COLUMNS} at most: break it` }];
        }),
      ),
};
