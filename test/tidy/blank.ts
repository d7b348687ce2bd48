/** A light lexer: source with comments and strings as spaces, all else in its place. */

/** Ends of what may stand before a division; after anything else a slash starts a pattern. */
const OPERAND_END = /[\w$)\]}'"`]$/;
const KEYWORD_END = /\b(return|typeof|case|of|in|delete|void|throw|new|do|else|await|yield)$/;

interface Cursor {
  readonly text: string;
  at: number;
  out: string;
}

export function blanked(text: string): string {
  const cursor: Cursor = { text, at: 0, out: '' };
  code(cursor, false);
  return cursor.out;
}

const spaces = (text: string): string => text.replace(/[^\n]/g, ' ');

function keep(cursor: Cursor, length: number): void {
  cursor.out += cursor.text.slice(cursor.at, cursor.at + length);
  cursor.at += length;
}

function blank(cursor: Cursor, end: number): void {
  cursor.out += spaces(cursor.text.slice(cursor.at, end));
  cursor.at = end;
}

/** Code up to its end, or to the brace that closes a template's hole. */
function code(cursor: Cursor, inHole: boolean): void {
  const { text } = cursor;
  for (let depth = 0; cursor.at < text.length; ) {
    const rest = text.slice(cursor.at, cursor.at + 2);
    const [char] = rest;
    if (rest === '//') blank(cursor, endOf(text, '\n', cursor.at));
    else if (rest === '/*') blank(cursor, endOf(text, '*/', cursor.at + 2) + 2);
    else if (char === "'" || char === '"') quoted(cursor, char);
    else if (char === '`') template(cursor);
    else if (char === '/' && startsPattern(cursor.out)) pattern(cursor);
    else {
      if (char === '{') depth++;
      if (char === '}' && depth-- === 0 && inHole) return;
      keep(cursor, 1);
    }
  }
}

function endOf(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at;
}

function startsPattern(before: string): boolean {
  const last = before.slice(-40).trimEnd();
  return !OPERAND_END.test(last) || KEYWORD_END.test(last);
}

function quoted(cursor: Cursor, quote: string): void {
  keep(cursor, 1);
  let end = cursor.at;
  while (end < cursor.text.length && cursor.text[end] !== quote && cursor.text[end] !== '\n') {
    end += cursor.text[end] === '\\' ? 2 : 1;
  }
  blank(cursor, end);
  keep(cursor, 1);
}

function pattern(cursor: Cursor): void {
  keep(cursor, 1);
  let end = cursor.at;
  for (let inSet = false; end < cursor.text.length; end++) {
    const char = cursor.text[end];
    if (char === '\n' || (char === '/' && !inSet)) break;
    if (char === '\\') end++;
    else if (char === '[') inSet = true;
    else if (char === ']') inSet = false;
  }
  blank(cursor, end);
  keep(cursor, 1);
}

function template(cursor: Cursor): void {
  keep(cursor, 1);
  while (cursor.at < cursor.text.length && cursor.text[cursor.at] !== '`') {
    if (cursor.text.startsWith('${', cursor.at)) {
      keep(cursor, 2);
      code(cursor, true);
      keep(cursor, 1);
    } else blank(cursor, cursor.at + (cursor.text[cursor.at] === '\\' ? 2 : 1));
  }
  keep(cursor, 1);
}
