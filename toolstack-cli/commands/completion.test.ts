/** The script for bash, run by bash. */

import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { runXtl } from '../testing/bundled.ts';

async function complete(line: string): Promise<string[]> {
  const { stdout: script } = await runXtl(['completion', 'bash']);
  // A stand-in for the command itself, where the script asks it for the names of domains.
  const stub = "xtl() { printf 'Name ID\\nDomain-0 0\\nweb1 1\\n'; }";
  const words = line.split(' ');
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const call = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _xtl`;
  const print = `printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['-c', `${script}\n${stub}\n${call}\n${print}`]);
  return out.toString().split('\n').filter(Boolean);
}

test.each([
  ['xtl do', ['doctor']],
  ['xtl vm un', ['unpause']],
  ['xtl un', ['unpause']],
  ['xtl destroy w', ['web1']],
  ['xtl vm destroy D', ['Domain-0']],
  ['xtl vm shutdown --w', ['--wait']],
  ['xtl vm shutdown --wait w', ['web1']],
  ['xtl explain memo', ['memory']],
  ['xtl completion f', ['fish']],
  ['xtl vm nonsense x', []],
])('%s is completed', async (line, wanted) => {
  expect(await complete(line)).toEqual(wanted);
});
