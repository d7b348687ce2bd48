// @ts-check
// For vitest: before any test of the project, build/ is what the source makes.
import { dirname } from 'node:path';
import { build } from './build.mjs';

export const setup = () => build(dirname(dirname(import.meta.dirname)));
