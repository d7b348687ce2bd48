/** Our tables of io_uring against the kernel's own header. */

import { execa } from 'execa';
import { expect, it } from 'vitest';
import { type Layout, memberName } from '../../shared/core/layout.ts';
import * as abi from '../../shared/platform/unix/io-uring-abi.ts';

it('sizes, offsets and constants are those of the header', async () => {
  const lines: string[] = [];
  const ours: string[] = [];
  for (const [name, value] of Object.entries(abi) as [string, number | Layout][]) {
    if (typeof value === 'number') {
      lines.push(`printf("%lld\\n", (long long)(${name}));`);
      ours.push(String(value));
      continue;
    }
    lines.push(`printf("%zu\\n", sizeof(${value.c}));`);
    ours.push(String(value.size));
    for (const [field, { at, size, ...rest }] of Object.entries(value.fields)) {
      const member = memberName(field, { at, size, ...rest });
      const of = `((${value.c} *)0)->${member}`;
      lines.push(`printf("%zu %zu\\n", offsetof(${value.c}, ${member}), sizeof(${of}));`);
      ours.push(`${at} ${size}`);
    }
  }
  const headers = ['linux/io_uring.h', 'linux/falloc.h', 'sys/syscall.h', 'stddef.h', 'stdio.h'];
  const source = `${headers.map((name) => `#include <${name}>\n`).join('')}
int main(void) {\n${lines.join('\n')}\n}`;
  const run = `d=$(mktemp -d); gcc -x c -o $d/p - && $d/p; rm -r $d`;
  const { stdout } = await execa('sh', ['-c', run], { input: source });
  expect(stdout.split('\n')).toEqual(ours);
});
