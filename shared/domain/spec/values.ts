/**
 * Typed access to the settings of a configuration: what is wrong becomes a problem at its place.
 */

import type { Config, Setting } from '../xl-cfg/config.ts';
import { type IntegerFault, parseInteger } from '../xl-cfg/integer.ts';
import { type Blame, type Problem, problemAt, problemOf, shortened } from '../xl-cfg/problem.ts';
import type { Span } from '../xl-cfg/syntax.ts';

export interface Range {
  readonly min: number;
  readonly max: number;
  /** Why the bounds are there, for the hint. */
  readonly because?: string;
}

const INTEGER_FAULTS: Readonly<Record<IntegerFault, string>> = {
  'not-a-number': 'must be a whole number',
  octal: 'must be a number; a leading 0 makes it octal, which has no digits 8 and 9',
  'too-large': 'is a number too large',
};

export class Values {
  readonly problems: Problem[] = [];
  readonly config: Config;

  constructor(config: Config) {
    this.config = config;
  }

  /** True also for a key whose statement could not be read. */
  isGiven(key: string): boolean {
    return this.config.settings.has(key) || this.config.broken.has(key);
  }

  /** Blames the value of a key. */
  blame(key: string, blame: Blame): void {
    const setting = this.config.settings.get(key);
    if (setting === undefined) this.blameFile(blame);
    else this.blameSpan(setting.value.at, blame);
  }

  blameName(setting: Setting, blame: Blame): void {
    this.blameSpan(setting.nameAt, blame);
  }

  blameSpan(span: Span, blame: Blame): void {
    this.problems.push(problemAt(this.config.place(span), blame));
  }

  blameFile(blame: Blame): void {
    this.problems.push(problemOf(this.config.sources.file, blame));
  }

  /** The single value of a key; undefined if it is not set, or is a list (a problem then). */
  string(key: string): string | undefined {
    const value = this.config.settings.get(key)?.value;
    if (value?.kind !== 'list') return value?.text;
    const hint = value.items.length === 1 ? 'remove the brackets' : undefined;
    this.blame(key, { code: 'XTL-C021', message: `${key} is a single value, not a list`, hint });
    return undefined;
  }

  /** The whole number of a key within a range. */
  number(key: string, range: Range): number | undefined {
    const text = this.string(key);
    if (text === undefined) return undefined;
    if (this.config.settings.get(key)?.op === '+=') {
      this.blame(key, { code: 'XTL-C022', message: `${key} is a number: += does not apply` });
      return undefined;
    }
    const integer = parseInteger(text);
    if (!integer.ok) {
      const message = `${key} ${INTEGER_FAULTS[integer.why]}`;
      this.blame(key, { code: 'XTL-C022', message });
      return undefined;
    }
    if (integer.value < range.min || integer.value > range.max) {
      const message = `${key} must be from ${range.min} to ${range.max}, not ${integer.value}`;
      this.blame(key, { code: 'XTL-C023', message, hint: range.because });
      return undefined;
    }
    return Number(integer.value);
  }

  /** Whether a key is set to another number than 0. */
  flag(key: string): boolean {
    const all = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };
    return (this.number(key, all) ?? 0) !== 0;
  }

  choice<T extends string>(key: string, values: readonly T[], fallback: T): T {
    const text = this.string(key);
    if (text === undefined) return fallback;
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    const message = `${key} knows no ${JSON.stringify(shortened(text))}`;
    this.blame(key, { code: 'XTL-C024', message, hint: `it is one of ${values.join(', ')}` });
    return fallback;
  }
}
