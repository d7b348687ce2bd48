/** Samples of the rules about who uses whom. */

import { type Sample, samplesOf } from './sample.ts';

const there = { 'shared/domain/b.ts': '', 'shared/core/c.ts': '', 'shared/platform/sim/s.ts': '' };
const one = (path: string, ...lines: string[]) => ({ ...there, [path]: lines.join('\n') });

const imports = samplesOf('files import only what the import table allows', [
  [
    'core that imports upwards',
    one('shared/core/a.ts', '', "import '../domain/b.ts';"),
    'shared/core/a.ts:2',
  ],
  [
    'a type that is imported upwards',
    one('shared/core/a.ts', "import type { B } from '../domain/b.ts';"),
    'shared/core/a.ts:1',
  ],
  [
    'a platform that imports another',
    one('shared/platform/unix/a.ts', "export { s } from '../sim/s.ts';"),
    'shared/platform/unix/a.ts:1',
  ],
  [
    'a core that chooses a platform',
    one('services/xenstored/a.ts', "await import('../../shared/platform/sim/s.ts');"),
    'services/xenstored/a.ts:1',
  ],
  [
    'a service that imports another',
    {
      'services/console/a.ts': "import { b } from '../xenstored/b.ts';",
      'services/xenstored/b.ts': '',
    },
    'services/console/a.ts:1',
  ],
  [
    'a file that is not there',
    one('shared/domain/a.ts', "import { x } from './x.ts';"),
    'shared/domain/a.ts:1',
  ],
  [
    'Node in pure code',
    one('shared/domain/a.ts', 'import {', '  x,', "} from 'node:fs';"),
    'shared/domain/a.ts:1',
  ],
  [
    'a package that is not for the folder',
    one('shared/domain/a.ts', "import pino from 'pino';"),
    'shared/domain/a.ts:1',
  ],
  [
    'a package of a scope',
    one('toolstack-cli/a.ts', "import { x } from '@x/y/z';"),
    'toolstack-cli/a.ts:1',
  ],
  [
    'what a main may import',
    one(
      'services/xenstored/main.unix.ts',
      "import 'node:fs';",
      "import 'pino';",
      "import '../../shared/domain/b.ts';",
    ),
  ],
  [
    'imports in a comment and in a string',
    one('shared/core/a.ts', "// import 'x';", 'const a = "import \'x\'";'),
  ],
  [
    'a test that uses the simulator',
    one('shared/domain/a.test.ts', "import '../platform/sim/s.ts';", "import 'vitest';"),
  ],
]);

const cycles = samplesOf('no file imports itself by way of others', [
  [
    'three files in a ring',
    { 'a.ts': "import './b.ts';", 'b.ts': "import './c.ts';", 'c.ts': "import './a.ts';" },
    'a.ts:1',
  ],
  ['a ring of types', { 'a.ts': "import './b.ts';", 'b.ts': "import type { A } from './a.ts';" }],
]);

const pure = samplesOf('code that runs on every platform names nothing that only Node has', [
  ['Buffer', one('shared/ring/a.ts', 'const a =', '  Buffer.from(b);'), 'shared/ring/a.ts:2'],
  ['process', one('services/xenstored/a.ts', 'process.exit(1);'), 'services/xenstored/a.ts:1'],
  ['process where Node is', one('services/xenstored/main.unix.ts', 'process.exit(1);')],
  [
    'a property, a key and a word',
    one('shared/ring/a.ts', "x.process(); f('Buffer'); // Buffer", 'const b = { process: 1 };'),
  ],
]);

const dead = samplesOf('every script is a program, a test, or used by one', [
  [
    'a file that only a dead one uses',
    { 'a.ts': "import './b.ts';", 'b.ts': '' },
    'a.ts:1',
    'b.ts:1',
  ],
  [
    'programs, tests, and what they use',
    {
      'x/main.ts': "import './a.ts';",
      'x/a.ts': '',
      'x/b.test.ts': "import './b.ts';",
      'x/b.ts': '',
      'x/main.unix.ts': '',
      'x/cases.main.ts': '',
    },
  ],
  ['a program that a script names', { 'package.json': '"start": "node x/go.mjs"', 'x/go.mjs': '' }],
]);

const links = samplesOf('links between documents lead somewhere', [
  ['a link to nothing', { 'a/b.md': 'x\n[c](../c.md#d)' }, 'a/b.md:2'],
  [
    'links that lead somewhere',
    { 'a/b.md': '[c](../c.md#d) [e](https://e) [f](#f) [a](../a/)', 'c.md': '' },
  ],
]);

export const importSamples: readonly Sample[] = [...imports, ...cycles, ...pure, ...dead, ...links];
