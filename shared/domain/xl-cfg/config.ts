/**
 * Settings by key as xl sees them after reading a whole configuration, and all its faults of
 * syntax.
 */

import { dequote } from './escapes.ts';
import { faultProblem } from './faults.ts';
import { parse } from './grammar.peggy.js';
import { byPlace, type Place, type Problem, problemAt } from './problem.ts';
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
  place(span: Span): Place;
}

/** Far above any real file; bounds what a hostile one can cost. */
const MAX_CHARACTERS = 1 << 20;

/** Total: what is wrong is in `problems`, and what is right is read all the same. */
export function readConfig(sources: Sources): Config {
  const reader = new Reader(sources);
  if (sources.text.length > MAX_CHARACTERS) {
    reader.blame({ start: 0, end: 1 }, 'XTL-C011', 'the file is larger than 1 MiB');
    return reader.config();
  }
  const text = reader.characters(sources.text);
  for (const node of parse(text)) {
    if (node.kind === 'fault') reader.junk(node);
    else reader.store(node);
  }
  return reader.config();
}

class Reader {
  readonly problems: Problem[] = [];
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
      place: (span) => sources.place(span),
    };
  }

  blame(at: Span, code: string, message: string, hint?: string): void {
    this.problems.push(problemAt(this.#sources.place(at), { code, message, hint }));
  }

  /** Reports what no line of a configuration can hold, once each, and makes the rest readable. */
  characters(text: string): string {
    const once = (what: string, message: string, hint?: string): void => {
      const start = text.indexOf(what);
      if (start >= 0) this.blame({ start, end: start + 1 }, 'XTL-C011', message, hint);
    };
    once('\0', 'the file holds a zero byte', 'a configuration is plain text');
    once('\r\n', 'the file has Windows line ends, which xl refuses', 'convert it with dos2unix');
    return text.replaceAll('\0', ' ').replaceAll('\r\n', ' \n');
  }

  /** A line that is no setting, or what follows one. */
  junk(node: Fault): void {
    this.problems.push(faultProblem(this.#sources, node));
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
        `a ${value.kind} cannot be added to ${name}, which is a ${previous.value.kind}`,
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
    if (text.includes('\ufffd')) {
      this.blame(node.at, 'XTL-C011', 'the string is not valid UTF-8');
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
