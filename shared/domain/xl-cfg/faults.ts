/** What to say about each fault of syntax. */

import { type Problem, problemAt, shortened } from './problem.ts';
import type { Sources } from './sources.ts';
import type { Fault, Span } from './syntax.ts';

const PYTHON = /^[-+*%.():]|[()]|^(def|import|from|if|for) /;

/** Spaces and joiners beside those of ASCII: nobody sees them, and xl knows none of them. */
const INVISIBLE =
  '[\\u00a0\\u00ad\\u1680\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u2064\\u3000\\ufeff]';
const HIDDEN = new RegExp(`^(?:[._0-9A-Za-z]*[ \\t]*(?:\\+?=)?[ \\t]*)?(${INVISIBLE})`);
const HIDDEN_IN_WORD = new RegExp(`(${INVISIBLE})`);

/** The problem of a fault node. The hint knows the mistakes that people make most. */
export function faultProblem(sources: Sources, fault: Fault): Problem {
  const blame = (code: string, message: string, hint?: string, at: Span = fault.at): Problem =>
    problemAt(sources.place(at), { code, message, hint });
  const { text } = fault;
  const hidden = (fault.code === 'bare-word' ? HIDDEN_IN_WORD : HIDDEN).exec(text);
  if (hidden !== null) {
    const start = fault.at.start + text.indexOf(hidden[1] ?? '');
    const point = (hidden[1]?.charCodeAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return blame(
      'XTL-C011',
      `an invisible character, U+${point}, stands here`,
      'outside quotes xl knows only spaces and tabs: type the line anew',
      { start, end: start + 1 },
    );
  }
  switch (fault.code) {
    case 'no-setting':
      return blame('XTL-C001', 'a setting starts with a key in lower case', settingHint(text));
    case 'no-operator':
      return blame('XTL-C002', 'a key must be followed by = or +=', operatorHint(text));
    case 'no-value':
      return blame(
        'XTL-C003',
        'the value is missing',
        'write a "string", a number or a [ list ] on the same line',
      );
    case 'second-equals':
      return blame('XTL-C003', 'one = sets a key', 'remove the second =', {
        start: fault.at.start,
        end: fault.at.start + 1,
      });
    case 'bare-word':
      return blame(
        'XTL-C004',
        `${shortened(text)} is neither a number nor in quotes`,
        bareHint(text),
      );
    case 'open-string':
      return blame(
        'XTL-C005',
        'the string has no closing quote on its line',
        `end it with ${text[0]}`,
      );
    case 'stray':
      return blame(
        'XTL-C007',
        `${shortened(text)} has no place in a list`,
        'separate values by commas',
      );
    case 'text-after-value':
      return blame('XTL-C008', 'there is text after the value', afterHint(text));
    case 'open-comment':
      return blame(
        'XTL-C010',
        'the comment in the last line has no newline after it',
        'xl refuses that too: end the file with a newline',
      );
    case 'lost':
      return problemAt(sources.place(fault.at), {
        severity: 'warning',
        code: 'XTL-C014',
        message: 'xl passes over a wrong character at the very end of a file',
        hint: 'remove it',
      });
    case 'too-deep':
      return blame('XTL-C012', 'lists are nested too deeply');
  }
}

function operatorHint(text: string): string | undefined {
  return /^[a-z][._0-9a-z]*[ \t]*:/.test(text) ? 'write = in place of :' : pythonHint(text);
}

function settingHint(text: string): string | undefined {
  const upper = /^([A-Za-z][._0-9A-Za-z]*)[ \t]*\+?=/.exec(text)?.[1];
  if (upper !== undefined) return `write it as ${upper.toLowerCase()}`;
  return /^[{}]/.test(text) ? 'xl.cfg is no JSON: a setting is key = value' : pythonHint(text);
}

const NO_UNIT = 'a number has no unit: memory is in MiB';

/** Opening and closing quotes of word processors. */
const CURLY = /[\u2018-\u201f\u00ab\u00bb]/g;

function bareHint(text: string): string {
  if (/^(True|False|true|false|yes|no|on|off)$/.test(text)) {
    return `write ${/^(t|y|on)/i.test(text) ? '1' : '0'}: xl's booleans are 0 and 1`;
  }
  if (/^(None|none|null|nil|undefined)$/.test(text)) {
    return 'leave the key out: xl.cfg has no word for nothing';
  }
  if (/^[0-9]+(k|m|g|mb|gb|mib|gib)$/i.test(text)) return NO_UNIT;
  if (/^[0-9]+\.[0-9]+$/.test(text)) return `write ${text.replace(/\..*/, '')}: numbers are whole`;
  const straight = text.replace(CURLY, '');
  if (straight !== text) return `use straight quotes: "${straight}"`;
  return pythonHint(text) ?? `write "${text}"`;
}

const SETTING = /^[,&\s]*[a-z][._0-9a-z]*[ \t]*\+?=/;

function afterHint(text: string): string {
  if (SETTING.test(text)) return 'put the next setting on a new line or after a semicolon';
  if (/^,\s*$/.test(text)) return 'remove the comma';
  if (/^(k|m|g|mb|gb|mib|gib)\b/i.test(text)) return NO_UNIT;
  if (/^["']/.test(text)) {
    return 'a string has one quote at each end, and strings are not joined: write one string';
  }
  return pythonHint(text) ?? 'a comment starts with #';
}

function pythonHint(text: string): string | undefined {
  if (/^-[0-9]+$/.test(text)) return `write "${text}": a negative number needs quotes`;
  return PYTHON.test(text) ? 'xl.cfg is no Python: there are only keys and values' : undefined;
}
