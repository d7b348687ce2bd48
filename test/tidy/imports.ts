/** Who imports what, read from the text. */

import { posix } from 'node:path';
import { lineAt, type SourceFile } from './project.ts';

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path from the root, for a relative one. */
  readonly target: string | undefined;
  /** Types only: gone at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/**
 * `import ... from`, `export ... from`, `import '...'`, `import('...')`, in code without strings.
 */
const IMPORT = /\b(import|export)\b(\s+type\b)?([^'"`;()=]*?\bfrom)?\s*(\(\s*)?(['"])/g;

const cache = new WeakMap<SourceFile, readonly Import[]>();

export function importsOf(file: SourceFile): readonly Import[] {
  const known = cache.get(file);
  if (known) return known;
  const found = [...file.code.matchAll(IMPORT)].map((match): Import => {
    const start = match.index + match[0].length;
    const specifier = file.text.slice(start, file.code.indexOf(match[5] as string, start));
    const relative = specifier.startsWith('.');
    return {
      specifier,
      target: relative ? posix.join(posix.dirname(file.path), specifier) : undefined,
      typeOnly: match[2] !== undefined,
      line: lineAt(file.text, match.index),
    };
  });
  cache.set(file, found);
  return found;
}
