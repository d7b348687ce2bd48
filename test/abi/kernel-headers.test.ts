/** Our tables of Linux's interfaces against the kernel's own headers. */

import { execa } from 'execa';
import { expect, it } from 'vitest';
import { type Layout, memberName } from '../../shared/core/layout.ts';
import * as uring from '../../shared/platform/unix/io-uring-abi.ts';
import * as packet from '../../shared/platform/unix/packet-socket-abi.ts';

type Table = Readonly<Record<string, number | Layout>>;

const tables: readonly [string, Table, string][] = [
  ['io_uring', uring, 'linux/io_uring.h linux/falloc.h sys/syscall.h'],
  ['packet sockets', packet, 'sys/socket.h linux/if_packet.h linux/if_ether.h linux/virtio_net.h'],
];

it.each(tables)(
  'sizes, offsets and constants of %s are those of the headers',
  async (_, abi, names) => {
    const lines: string[] = [];
    const ours: string[] = [];
    for (const [name, value] of Object.entries(abi)) {
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
    const headers = [...names.split(' '), 'stddef.h', 'stdio.h'];
    const source = `${headers.map((name) => `#include <${name}>\n`).join('')}
int main(void) {\n${lines.join('\n')}\n}`;
    const run = `d=$(mktemp -d); gcc -x c -o $d/p - && $d/p; rm -r $d`;
    const { stdout } = await execa('sh', ['-c', run], { input: source });
    expect(stdout.split('\n')).toEqual(ours);
  },
);
