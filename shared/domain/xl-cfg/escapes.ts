/**
 * Escapes in quoted strings as libxlu reads them (xlu__cfgl_dequote in libxlu_cfg.c @
 * RELEASE-4.17.0).
 */

const SIMPLE: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

export interface EscapeFault {
  /** Offset of the backslash in the quoted text. */
  readonly at: number;
  readonly length: number;
  /** `invalid` stops xl; `dropped` is what xl accepts and then loses. */
  readonly code: 'invalid' | 'dropped';
}

export interface Dequoted {
  readonly text: string;
  readonly faults: readonly EscapeFault[];
}

/**
 * The value of a string that still has its quotes. Numeric escapes are xl's weak spot and mirrored
 * here: `\x..` is always an error, an octal escape needs three or four digits and stands for
 * nothing.
 */
export function dequote(quoted: string): Dequoted {
  const body = quoted.slice(1, -1);
  if (!body.includes('\\')) return { text: body, faults: [] };
  const faults: EscapeFault[] = [];
  const text = body.replace(
    /\\(?:([0-7])([0-9]{0,3})|([^\n]))/g,
    (all, octal, digits, char, at) => {
      const simple = char === undefined ? undefined : SIMPLE[char];
      if (simple !== undefined) return simple;
      const dropped = octal !== undefined && digits.length >= 2;
      faults.push({ at: at + 1, length: all.length, code: dropped ? 'dropped' : 'invalid' });
      return '';
    },
  );
  return { text, faults };
}
