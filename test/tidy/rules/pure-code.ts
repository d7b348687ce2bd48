/** Rule: code that runs on every platform names nothing that only Node has. */

import { findAll, type Rule, scripts } from '../project.ts';
import { rightsOf } from './import-table.ts';

const NODE_ONLY = /(?<![\w$.])(Buffer|process|require|__dirname|__filename|global)\b(?!\s*[:?(])/g;

export const pureCode: Rule = {
  name: 'code that runs on every platform names nothing that only Node has',
  check: (project) =>
    scripts(project)
      .filter(({ path }) => !rightsOf(path).node)
      .flatMap((file) =>
        findAll(file, 'code', NODE_ONLY, 'only Node has this: use Uint8Array, or take a port'),
      ),
};
