/** The suite that every platform must pass: what the ports promise, as cases. */

import { bytesCases } from './bytes.cases.ts';
import type { Case } from './case.ts';
import { clockCases } from './clock.cases.ts';
import { copyCases } from './copy.cases.ts';
import { domainCases, populateCases } from './domains.cases.ts';
import { eventCases, virqCases } from './events.cases.ts';
import { grantCases } from './grants.cases.ts';
import { hvmCases } from './hvm.cases.ts';
import { languageCases } from './language.cases.ts';
import { foreignCases, memoryCases } from './memory.cases.ts';
import { ringMovesCases } from './ring-moves.cases.ts';

export const cases: readonly Case[] = [
  ...languageCases,
  ...bytesCases,
  ...ringMovesCases,
  ...clockCases,
  ...memoryCases,
  ...eventCases,
  ...virqCases,
  ...grantCases,
  ...copyCases,
  ...domainCases,
  ...populateCases,
  ...hvmCases,
  ...foreignCases,
];
