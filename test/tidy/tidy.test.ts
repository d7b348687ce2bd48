/** The house's rules hold in the whole repository. */

import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readRepository } from './project.ts';
import { rules } from './rules.ts';

const project = readRepository(fileURLToPath(new URL('../..', import.meta.url)));

it('looks at the repository', () => {
  expect(project.files.length).toBeGreaterThan(50);
});

it.each(rules)('$name', ({ check }) => {
  const findings = check(project).map(({ path, line, message }) => `${path}:${line} ${message}`);
  expect(findings).toEqual([]);
});
