/** Which of the engine's global objects a script uses, as esbuild's scopes have it. */

import { type SourceMap, segmentsOf } from '../positions.ts';

const MARK = '$global_';

/** What an image without its parser cannot do: make code of text. */
const OF_PARSER = ['eval', 'Function'] as const;

/** Parts of the engine that a script asks for by the name of a global (quickjs.h). */
const PARTS: readonly (readonly [part: string, ...globals: string[]])[] = [
  ['Date', 'Date'],
  ['Proxy', 'Proxy'],
  ['RegExpCompiler', 'RegExp'],
  ['WeakRef', 'WeakRef', 'FinalizationRegistry'],
];

/** What every script needs: the kernel and the syntax ask for them. */
const ALWAYS = ['BaseObjects', 'JSON', 'MapSet', 'Promise', 'RegExp', 'TypedArrays'] as const;

const WATCHED = [...OF_PARSER, ...PARTS.flatMap(([, ...globals]) => globals)];

/** For esbuild's `define`: each use of such a global becomes a word that is nowhere else. */
export const markGlobals: Readonly<Record<string, string>> = Object.fromEntries(
  WATCHED.map((name) => [name, `${MARK}${name}`]),
);

export interface Use {
  readonly name: string;
  /** `FILE:LINE`, from the script's source map. */
  readonly where: string;
}

const USE = /\$global_(\w+)/g;

/** The uses of watched globals in a script that was bundled with `markGlobals`. */
export function usesOf(script: string, map: string): readonly Use[] {
  const { sources, mappings }: SourceMap = JSON.parse(map);
  const segments = segmentsOf(mappings);
  return script.split('\n').flatMap((text, line) =>
    [...text.matchAll(USE)].map(({ 1: name = '', index }) => {
      const at = segments.findLast((each) => each.line === line && each.column <= index);
      const where = at === undefined ? '?' : `${sources[at.source]}:${at.sourceLine + 1}`;
      return { name, where };
    }),
  );
}

/** Throws an Error that names the places where code is made of text. */
export function refuseParser(uses: readonly Use[]): void {
  const wrong = uses.filter(({ name }) => OF_PARSER.some((each) => each === name));
  if (wrong.length === 0) return;
  const places = wrong.map(({ name, where }) => `\n  ${where}: ${name}`);
  throw new Error(`an image without --debug cannot make code of text:${places.join('')}`);
}

/** The parts that a script needs, as quickjs.h names them after JS_AddIntrinsic. */
export function partsFor(uses: readonly Use[]): readonly string[] {
  const used = new Set(uses.map(({ name }) => name));
  const asked = PARTS.filter(([, ...globals]) => globals.some((name) => used.has(name)));
  return [...ALWAYS, ...asked.map(([part]) => part)];
}

/** All parts, the parser too. */
export const ALL_PARTS: readonly string[] = [...ALWAYS, ...PARTS.map(([part]) => part), 'Eval'];

/** The C function that gives a context the parts. Base objects are made first. */
export const partsSource = (parts: readonly string[]): string => `#include "quickjs.h"

void service_parts(JSContext *ctx);
void service_parts(JSContext *ctx)
{
${parts.map((part) => `    JS_AddIntrinsic${part}(ctx);\n`).join('')}}
`;
