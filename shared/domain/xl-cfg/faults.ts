/** What to say about each fault of syntax. */

import { type Problem, problemAt } from './problem.ts';
import type { Sources } from './sources.ts';
import type { Fault, Span } from './syntax.ts';

const PYTHON = /^[-+.():]|[()]|^(def|import|from|if|for) /;

/** The problem of a fault node. The hint knows the mistakes that people make most. */
export function faultProblem(sources: Sources, fault: Fault): Problem {
  const blame = (code: string, message: string, hint?: string, at: Span = fault.at): Problem =>
    problemAt(sources.place(at), { code, message, hint });
  const { text } = fault;
  switch (fault.code) {
    case 'no-setting':
      return blame('XTL-C001', 'a setting starts with a key in lower case', settingHint(text));
    case 'no-operator':
      return blame('XTL-C002', 'a key must be followed by = or +=', pythonHint(text));
    case 'no-value':
      return blame(
        'XTL-C003',
        'the value is missing',
        'write a "string", a number or a [ list ] on the same line',
      );
    case 'bare-word':
      return blame('XTL-C004', `${text} is neither a number nor in quotes`, bareHint(text));
    case 'open-string':
      return blame(
        'XTL-C005',
        'the string has no closing quote on its line',
        `end it with ${text[0]}`,
      );
    case 'stray':
      return blame('XTL-C007', `${text} has no place in a list`, 'separate values by commas');
    case 'text-after-value':
      return blame('XTL-C008', 'there is text after the value', afterHint(text));
    case 'open-comment':
      return blame(
        'XTL-C010',
        'the comment in the last line has no newline after it',
        'xl refuses that too: end the file with a newline',
      );
    case 'too-deep':
      return blame('XTL-C012', 'lists are nested too deeply');
  }
}

function settingHint(text: string): string | undefined {
  const upper = /^([A-Za-z][._0-9A-Za-z]*)[ \t]*\+?=/.exec(text)?.[1];
  if (upper !== undefined) return `write it as ${upper.toLowerCase()}`;
  return pythonHint(text);
}

function bareHint(text: string): string {
  if (/^(True|False|true|false|yes|no|on|off)$/.test(text)) {
    return `write ${/^(t|y|on)/i.test(text) ? '1' : '0'}: xl's booleans are 0 and 1`;
  }
  if (/^[0-9]+ *(k|m|g|mb|gb|mib|gib)$/i.test(text))
    return 'a number has no unit: memory is in MiB';
  return pythonHint(text) ?? `write "${text}"`;
}

function afterHint(text: string): string {
  const python = pythonHint(text);
  if (python !== undefined) return python;
  return /^[a-z][._0-9a-z]*[ \t]*\+?=/.test(text)
    ? 'put the next setting on a new line or after a semicolon'
    : 'a comment starts with #';
}

function pythonHint(text: string): string | undefined {
  if (/^-[0-9]+$/.test(text)) return `write "${text}": a negative number needs quotes`;
  return PYTHON.test(text) ? 'xl.cfg is no Python: there are only keys and values' : undefined;
}
