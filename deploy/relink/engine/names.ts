/** Which of the engine's built-in names a script may ask for. */

const WORD = /[A-Za-z_$][\w$]*/g;
const ATOM = /\bJS_ATOM_(\w+)/g;
const QUOTED = /"([A-Za-z_]\w*)"/g;

/** All words of a script, those in its texts and comments too: too many do no harm. */
export const namesOf = (script: string): ReadonlySet<string> => new Set(script.match(WORD) ?? []);

/** What the engine's own code looks up. */
export const atomsIn = (source: string): ReadonlySet<string> =>
  new Set([...source.matchAll(ATOM)].map(([, name = '']) => name));

/** What C code around the engine asks it for by text. */
export const textsIn = (source: string): ReadonlySet<string> =>
  new Set([...source.matchAll(QUOTED)].map(([, name = '']) => name));
