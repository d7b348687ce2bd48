/** Rule: functions are short, counted from the body's brace to the one that closes it. */

import { LONG_FUNCTIONS } from '../exceptions.ts';
import { type Finding, lineAt, type Rule, type SourceFile, scripts } from '../project.ts';

const LINES = 70;

const CONTROL = /^(?:\}?\s*else\s+)?(?:if|for|while|switch|catch|do|try|finally)\b/;
/** A test's suite is a list of tests. */
const SUITE = /\bdescribe(?:\.\w+)*(?:\([^()]*\))?\(/;

/** Whether the brace after `head`, the code since the last boundary, opens a function's body. */
function opensFunction(head: string): boolean {
  const text = head.trim();
  if (CONTROL.test(text) || SUITE.test(text)) return false;
  if (text.endsWith('=>')) return true;
  return /\)(?:\s*:[^=]*)?$/.test(text) && !/^(?:interface|class|type)\b/.test(text);
}

function checkFile({ path, code }: SourceFile): Finding[] {
  const findings: Finding[] = [];
  const open: { at: number; isFunction: boolean }[] = [];
  for (let at = 0, head = 0; at < code.length; at++) {
    const char = code[at];
    if (char === '{') {
      // A return type in braces: `): { a: b } {`.
      const afterType = /\}\s*$/.test(code.slice(0, at)) && code.slice(head, at).trim() === '';
      open.push({ at, isFunction: afterType || opensFunction(code.slice(head, at)) });
      head = at + 1;
    } else if (char === '}') {
      const closed = open.pop();
      if (closed?.isFunction) findings.push(...measure(path, code, closed.at, at));
      head = at + 1;
    } else if (char === ';') head = at + 1;
  }
  return findings;
}

function measure(path: string, code: string, from: number, to: number): Finding[] {
  const line = lineAt(code, from);
  const lines = lineAt(code, to) - line + 1;
  const most = LONG_FUNCTIONS[path]?.lines ?? LINES;
  if (lines <= most) return [];
  return [{ path, line, message: `a function of ${lines} lines, ${most} at most: split it` }];
}

export const functionLength: Rule = {
  name: 'functions have at most 70 lines',
  check: (project) => scripts(project).flatMap(checkFile),
};
