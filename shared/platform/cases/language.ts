/**
 * What services rely on of the language, as rows by topic: what is computed, and what it must show.
 * No optimizer may know the operands, hence the functions.
 */

import { bytes, collections } from './language-data.ts';
import { patterns } from './language-patterns.ts';
import type { Row } from './language-rows.ts';
import { syntax } from './language-syntax.ts';
import { numbers, texts } from './language-values.ts';

/** Rows by topic. */
export const LANGUAGE: Readonly<Record<string, readonly Row[]>> = {
  syntax,
  patterns,
  numbers,
  texts,
  collections,
  bytes,
};

/** What a row shows instead of what it must; undefined if it is right. */
export function faultOf([what, compute, shows]: Row): string | undefined {
  try {
    const shown = JSON.stringify(compute());
    return shown === shows ? undefined : `${what}: ${shown}, not ${shows}`;
  } catch (error) {
    return `${what}: ${String(error)}`;
  }
}

/** What jobs do in their order. */
export async function jobOrder(): Promise<string> {
  const steps: string[] = [];
  const late = async (name: string): Promise<void> => {
    steps.push(`${name} begins`);
    await undefined;
    steps.push(`${name} goes on`);
  };
  const both = Promise.all([late('a'), late('b')]);
  steps.push('after');
  await both;
  const failed = await Promise.allSettled([Promise.reject(new Error('no')), late('c')]);
  return [...steps, ...failed.map(({ status }) => status)].join();
}

export const JOB_ORDER =
  'a begins,b begins,after,a goes on,b goes on,c begins,c goes on,rejected,fulfilled';
