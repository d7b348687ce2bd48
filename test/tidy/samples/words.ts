/** Samples of the rules about words, names and headers. */

import { type Sample, samplesOf } from './sample.ts';

const banned = samplesOf('no file uses what the house does without', [
  ['an enum', { 'a.ts': 'const enum E { A }' }, 'a.ts:1'],
  [
    'any',
    { 'a.ts': 'const a: any = 1;\nconst b = [] as any[];\nlet c: Map<string, any>;' },
    'a.ts:1',
    'a.ts:2',
    'a.ts:3',
  ],
  ['a cast by way of unknown', { 'a.ts': 'a as unknown as B;' }, 'a.ts:1'],
  ['a silenced compiler', { 'a.ts': '// @ts-ignore\na();\n// @ts-nocheck' }, 'a.ts:1', 'a.ts:3'],
  [
    'a recursive mkdir of what runs',
    { 'a.ts': 'mkdirSync(\n  dir,\n  { recursive: true },\n);' },
    'a.ts:1',
  ],
  ['a recursive mkdir of a test', { 'a.test.ts': 'mkdirSync(dir, { recursive: true });' }],
  ['a default export', { 'a.ts': 'export default 1;' }, 'a.ts:1'],
  ['the default export of a configuration', { 'a.config.ts': 'export default 1;' }],
  [
    'tests that do not run',
    { 'a.test.ts': "it.skip('a');\ndescribe.only('b');\nit.todo('c');" },
    'a.test.ts:1',
    'a.test.ts:2',
    'a.test.ts:3',
  ],
  ['inheritance', { 'a.ts': 'class A extends B {}' }, 'a.ts:1'],
  [
    'words that only look so',
    {
      'a.ts': `class E extends Error {}
        let a: { any: 1 };
        f('any enum'); // any
        x.skip(2); rows.any(f);`,
    },
  ],
]);

const leftovers = samplesOf('nothing is left for later in a comment', [
  ['a promise', { 'a.md': 'x\n\nTODO: y' }, 'a.md:3'],
  ['other words', { 'a.ts': 'mkdtemp("xXXXXXX"); TODOS' }],
]);

const names = samplesOf('file names are kebab-case', [
  [
    'other cases',
    { 'shared/aB.ts': '', 'c_d.ts': '', 'E.ts': '' },
    'shared/aB.ts:1',
    'c_d.ts:1',
    'E.ts:1',
  ],
  ['good names', { 'a-b2.test.ts': '', 'README.md': '', '.npmrc': '', 'boot.S': '' }],
]);

const headers = samplesOf('every file opens with a comment that says what it is for', [
  [
    'no comment',
    { 'a.ts': 'const a = 1; // x', 'b.sh': '#!/bin/sh\nset -e', 'c.c': '/* */\nint a;' },
    'a.ts:1',
    'b.sh:1',
    'c.c:1',
  ],
  ['a test of nothing beside it', { 'a.test.ts': 'x' }, 'a.test.ts:1'],
  [
    'comments',
    {
      'a.ts': '/** Does. */',
      'a.test.ts': 'x',
      'b.sh': '#!/bin/sh\n# Does.',
      'c.mjs': '// @ts-check\n// Does.',
    },
  ],
]);

const portable = samplesOf('no file names a path of one machine or a host of an archive', [
  ['a home', { 'a.ts': "\nconst a = '/home/somebody/b';" }, 'a.ts:2'],
  ['an archive', { 'a.sh': 'curl http://deb.debian.org/x' }, 'a.sh:1'],
  ['paths of a system', { 'a.ts': "'/run/xenstored'; './work/x'; '/usr/lib'" }],
]);

const lock = samplesOf('the lock file records no download addresses', [
  ['an address', { 'package-lock.json': '{\n"resolved": "x" }' }, 'package-lock.json:2'],
  ['hashes', { 'package-lock.json': '{ "integrity": "x" }' }],
]);

export const wordSamples: readonly Sample[] = [
  ...banned,
  ...leftovers,
  ...names,
  ...headers,
  ...portable,
  ...lock,
];
