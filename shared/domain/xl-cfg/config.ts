/**
 * Settings by key as xl sees them after reading a whole configuration, and all its faults of
 * syntax.
 */

import { dequote } from './escapes.ts';
import { faultProblem } from './faults.ts';
import { parse } from './grammar.peggy.js';
import { byPlace, type Place, type Problem, problemAt, shortened } from './problem.ts';
import type { Sources } from './sources.ts';
import type { Atom, Fault, ListNode, SetNode, Span, ValueNode } from './syntax.ts';

export interface StringValue {
  readonly kind: 'string';
  readonly text: string;
  readonly at: Span;
}

export interface ListValue {
  readonly kind: 'list';
  readonly items: readonly Value[];
  readonly at: Span;
}

/** Numbers are strings of digits until somebody asks for a number, as in libxlu. */
export type Value = StringValue | ListValue;

export interface Setting {
  readonly name: string;
  readonly nameAt: Span;
  /** `+=` makes a value that xl does not accept as a number. */
  readonly op: '=' | '+=';
  /** With what `+=` was added to already in front of it. */
  readonly value: Value;
}

export interface Config {
  readonly sources: Sources;
  /** The last setting of each key. */
  readonly settings: ReadonlyMap<string, Setting>;
  /** Keys of statements that could not be read: they are not missing, only wrong. */
  readonly broken: ReadonlySet<string>;
  readonly problems: readonly Problem[];
  /** False for what was not even read: nothing is missing in it. */
  readonly isText: boolean;
  place(span: Span): Place;
}

/** Far above any real file; bounds what a hostile one can cost. */
const MAX_CHARACTERS = 4 << 20;

/** Total: what is wrong is in `problems`, and what is right is read all the same. */
export function readConfig(sources: Sources): Config {
  const reader = new Reader(sources);
  if (sources.text.length > MAX_CHARACTERS) {
    return reader.refuse(0, 'the file is larger than 4 MiB');
  }
  const zero = sources.text.indexOf('\0');
  if (zero >= 0) return reader.refuse(zero, 'the file holds a zero byte');
  const text = reader.characters(sources.text);
  for (const node of parse(text)) {
    if (node.kind === 'fault') reader.junk(node);
    else reader.store(node);
  }
  return reader.config();
}

const BYTE_ORDER_MARK = '\ufeff';

/** The first line end of Windows outside a comment (xl takes those within); -1 if there is none. */
function findCarriageReturn(text: string): number {
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (char === '\r' && text[i + 1] === '\n') return i;
    if (char === '\n') quote = '';
    else if (quote !== '' && char === '\\') i++;
    else if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (quote === '' && char === '#') {
      const end = text.indexOf('\n', i);
      if (end < 0) return -1;
      i = end;
    }
  }
  return -1;
}

class Reader {
  readonly problems: Problem[] = [];
  #isText = true;
  readonly #settings = new Map<string, Setting>();
  readonly #broken = new Set<string>();
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  config(): Config {
    const sources = this.#sources;
    return {
      sources,
      settings: this.#settings,
      broken: this.#broken,
      problems: this.problems.toSorted(byPlace),
      isText: this.#isText,
      place: (span) => sources.place(span),
    };
  }

  /** For what is no configuration at all. */
  refuse(at: number, message: string): Config {
    this.#isText = false;
    const hint = 'a configuration is plain text';
    this.blame({ start: at, end: at + 1 }, 'XTL-C011', message, hint);
    return this.config();
  }

  blame(at: Span, code: string, message: string, hint?: string): void {
    this.problems.push(problemAt(this.#sources.place(at), { code, message, hint }));
  }

  /** Reports what is wrong with the file as a whole, once each, and makes the rest readable. */
  characters(text: string): string {
    const once = (start: number, message: string, hint: string): void => {
      if (start >= 0) this.blame({ start, end: start + 1 }, 'XTL-C011', message, hint);
    };
    const mark = 'the file begins with a byte order mark, which xl refuses';
    const marked = text.startsWith(BYTE_ORDER_MARK);
    once(marked ? 0 : -1, mark, 'save it as UTF-8 without one');
    const ends = 'the file has Windows line ends, which xl refuses';
    once(findCarriageReturn(text), ends, 'convert it with dos2unix');
    return (marked ? ` ${text.slice(1)}` : text).replaceAll('\r\n', ' \n');
  }

  /** A line that is no setting, or what follows one. */
  junk(node: Fault): void {
    this.problems.push(faultProblem(this.#sources, node));
    if (node.code === 'lost') return;
    const key = /^[A-Za-z][._0-9A-Za-z]*/.exec(node.text)?.[0];
    if (key !== undefined) this.#broken.add(key.toLowerCase());
  }

  store(node: SetNode): void {
    const { text: name, at: nameAt } = node.name;
    const value = this.#value(node.value);
    if (value === undefined) {
      this.#broken.add(name);
      return;
    }
    const previous = node.op === '+=' ? this.#settings.get(name) : undefined;
    if (previous !== undefined && previous.value.kind !== value.kind) {
      this.blame(
        value.at,
        'XTL-C009',
        `a ${value.kind} cannot be added to ${shortened(name)}, which is a ${previous.value.kind}`,
      );
      return;
    }
    this.#settings.delete(name);
    this.#settings.set(name, { name, nameAt, op: node.op, value: join(previous?.value, value) });
  }

  #value(node: ValueNode): Value | undefined {
    if (node.kind === 'fault') {
      this.problems.push(faultProblem(this.#sources, node));
      return undefined;
    }
    if (node.kind === 'list') return this.#list(node);
    return { kind: 'string', text: this.#atom(node), at: node.at };
  }

  #atom(node: Atom): string {
    if (node.kind === 'number') return node.text;
    const { text, faults } = dequote(node.text);
    for (const fault of faults) {
      const start = node.at.start + fault.at;
      const at = { start, end: start + fault.length };
      if (fault.code === 'invalid') {
        this.blame(at, 'XTL-C006', 'xl knows no such escape', 'a backslash itself is \\\\');
      } else {
        const message = 'xl reads a numeric escape as nothing';
        const place = this.#sources.place(at);
        this.problems.push(problemAt(place, { severity: 'warning', code: 'XTL-C006', message }));
      }
    }
    return text;
  }

  /** Values and commas must alternate; a comma after the last value is allowed. */
  #list(node: ListNode): ListValue {
    const items: Value[] = [];
    let wantsComma = false;
    for (const item of node.items) {
      const isComma = item.kind === 'comma';
      if (isComma && !wantsComma) {
        this.blame(item.at, 'XTL-C007', 'a value is missing before this comma');
      } else if (!isComma && wantsComma && item.kind !== 'fault') {
        this.blame(item.at, 'XTL-C007', 'a comma is missing before this value');
      }
      wantsComma = !isComma && !(item.kind === 'fault' && item.code === 'stray');
      const value = isComma ? undefined : this.#value(item);
      if (value !== undefined) items.push(value);
    }
    if (!node.closed) {
      const at = { start: node.at.start, end: node.at.start + 1 };
      this.blame(at, 'XTL-C013', 'the list that starts here has no closing ]');
    }
    return { kind: 'list', items, at: node.at };
  }
}

/**
 * The list of `previous` grows in place: nobody else has it, and copies would make += quadratic.
 */
function join(previous: Value | undefined, value: Value): Value {
  if (previous?.kind === 'string' && value.kind === 'string') {
    return { ...value, text: previous.text + value.text };
  }
  if (previous?.kind === 'list' && value.kind === 'list') {
    const items = previous.items as Value[];
    for (const item of value.items) items.push(item);
    return { ...value, items };
  }
  return value;
}
