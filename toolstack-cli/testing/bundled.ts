/**
 * The command as it is bundled for users, on simulated machines: what a bundler makes of a module
 * may differ from its source.
 */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const BUNDLE = join(import.meta.dirname, '../../build/tools/xtl-testing.mjs');

type Testing = typeof import('./index.ts');

const bundle: Testing = await import(pathToFileURL(BUNDLE).href);

export const { fakeContext, runXtl, fakePty, simMachine, fakeTerminal } = bundle;
