/** All rules of the house that a program can check. */

import type { Rule } from './project.ts';
import { banned, leftovers } from './rules/banned.ts';
import { deadFiles } from './rules/dead-files.ts';
import { docLinks } from './rules/doc-links.ts';
import { functionLength } from './rules/function-length.ts';
import { importCycles } from './rules/import-cycles.ts';
import { importTable } from './rules/import-table.ts';
import { fileNames, headers } from './rules/names-and-headers.ts';
import { lockFile, portable } from './rules/portable.ts';
import { pureCode } from './rules/pure-code.ts';
import { fileLength, lineWidth, medianLength } from './rules/sizes.ts';

export const rules: readonly Rule[] = [
  importTable,
  importCycles,
  pureCode,
  fileLength,
  medianLength,
  functionLength,
  lineWidth,
  banned,
  leftovers,
  fileNames,
  headers,
  deadFiles,
  portable,
  lockFile,
  docLinks,
];
