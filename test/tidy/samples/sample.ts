/** A sample: files that break a rule, or just do not. */

export interface Sample {
  readonly rule: string;
  readonly what: string;
  readonly texts: Readonly<Record<string, string>>;
  /** `path:line` of each finding; none for a good sample. */
  readonly found: readonly string[];
}

type Row = readonly [
  what: string,
  texts: Readonly<Record<string, string>>,
  ...found: readonly string[],
];

/** Samples of one rule, as rows. */
export function samplesOf(rule: string, rows: readonly Row[]): readonly Sample[] {
  return rows.map(([what, texts, ...found]) => ({ rule, what, texts, found }));
}
