/** One line of `xtl doctor`. */

export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly found: string;
  /** What to do; there unless the status is ok. */
  readonly advice?: string;
}

export const ok = (name: string, found: string): Check => ({ name, status: 'ok', found });
export const warn = (name: string, found: string, advice: string): Check => ({
  name,
  status: 'warn',
  found,
  advice,
});
export const bad = (name: string, found: string, advice: string): Check => ({
  name,
  status: 'fail',
  found,
  advice,
});
