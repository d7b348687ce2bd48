/** Arguments and options that many commands have; see table.ts. */

import { FORMATS } from './output/format.ts';
import type { Argument, Option } from './table.ts';

export const DOMAIN: Argument = {
  usage: '<domain>',
  doc: 'name or domid (a word of digits is a domid)',
  completes: 'domain',
};

export const OUTPUT: Option = {
  flags: '-o, --output <format>',
  doc: 'how to print it',
  choices: FORMATS,
  fallback: 'table',
};

export const QUIET: Option = {
  flags: '-q, --quiet',
  doc: 'say nothing but what went wrong',
};

/** Of commands that carry out a plan. */
export const PLAN: readonly Option[] = [
  { flags: '-n, --dry-run', doc: 'show the steps and stop' },
  OUTPUT,
  QUIET,
];

/** Of commands that wait for a guest. */
export const TIMEOUT: Option = {
  flags: '--timeout <seconds>',
  doc: 'wait no longer for the guest',
};
