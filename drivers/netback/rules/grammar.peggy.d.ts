/** The parser that the build makes of grammar.peggy. */

import type { Statement } from './syntax.ts';

/** Never throws on any text: what is wrong is in the tree. */
export function parse(text: string): readonly Statement[];
