/** Every rule catches its bad samples, where they are bad, and lets good ones pass. */

import { expect, it } from 'vitest';
import { projectOf } from './project.ts';
import { rules } from './rules.ts';
import { importSamples } from './samples/imports.ts';
import { sizeSamples } from './samples/sizes.ts';
import { wordSamples } from './samples/words.ts';

const samples = [...importSamples, ...sizeSamples, ...wordSamples];

it.each(samples)('$rule: $what', ({ rule, texts, found }) => {
  const checked = rules.find(({ name }) => name === rule)?.check(projectOf(texts));
  expect(checked?.map(({ path, line }) => `${path}:${line}`)).toEqual(found);
});

it('has a bad and a good sample of every rule', () => {
  const names = new Set(rules.map(({ name }) => name));
  const withSamples = (good: boolean) =>
    new Set(samples.filter(({ found }) => (found.length === 0) === good).map(({ rule }) => rule));
  expect(withSamples(false)).toEqual(names);
  expect(withSamples(true)).toEqual(names);
});
