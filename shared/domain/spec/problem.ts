/** A fault of a configuration with its place, for a diagnostic that shows the line. */

export interface Problem {
  readonly severity: 'error' | 'warning';
  /** `XTL-C012`: stable, one for each kind of fault. */
  readonly code: string;
  /** The file as named by the user, or `argument 2` for an override of the command line. */
  readonly file: string;
  /** From 1; 0 when the fault is not in one place (a key that is missing). */
  readonly line: number;
  /** From 1, in UTF-16 units; 0 together with line 0. */
  readonly column: number;
  /** Of the marked text, in UTF-16 units, at least 1 when there is a line. */
  readonly length: number;
  /** The line that holds the fault, without its newline; absent together with line 0. */
  readonly lineText?: string;
  readonly message: string;
  readonly hint?: string;
}
