/** The commands on xenstore and on its daemon, as data; see table.ts. */

import { FORMATS } from './output/format.ts';
import type { Argument, Command, Option } from './table.ts';

const NODES: Argument = {
  usage: '<paths...>',
  doc: 'nodes; a relative path is one of domain 0',
  completes: 'node',
};

const OUTPUT: Option = {
  flags: '-o, --output <format>',
  doc: 'how to print it',
  choices: FORMATS,
  fallback: 'table',
};

const QUIET: Option = { flags: '-q, --quiet', doc: 'say nothing but what went wrong' };

export const STORE_COMMANDS: readonly Command[] = [
  {
    path: ['store', 'ls'],
    summary: 'list the nodes below a node, with their values',
    args: [{ usage: '[path]', doc: 'the node; / if not given', completes: 'node' }],
    options: [
      { flags: '-r, --recursive', doc: 'all below it, by their whole paths' },
      { flags: '-p, --permissions', doc: 'with who may do what: n none, r read, w write, b both' },
      OUTPUT,
    ],
    examples: [
      ['xtl store ls /local/domain', 'the domains that have nodes'],
      ['xtl store ls -rp /local/domain/3', 'all of domain 3, with permissions'],
    ],
    run: async (...args) => (await import('./commands/store-ls.ts')).storeLs(...args),
  },
  {
    path: ['store', 'read'],
    summary: 'print the values of nodes, a line each',
    args: [NODES],
    options: [{ flags: '--raw', doc: 'the bytes as they are, without newlines' }],
    examples: [
      ['xtl store read /local/domain/3/name', 'the name of domain 3'],
      ['xtl store read --raw /local/domain/3/data >data', 'its bytes into a file'],
    ],
    run: async (...args) => (await import('./commands/store.ts')).storeRead(...args),
  },
  {
    path: ['store', 'write'],
    summary: 'write nodes, all at once or none',
    usage: '[options] PATH VALUE [PATH VALUE ...]',
    args: [{ usage: '<words...>', doc: 'paths, each followed by its value' }],
    options: [],
    examples: [
      ['xtl store write /local/domain/3/control/shutdown poweroff', 'one node'],
      ['xtl store write /a/x 1 /a/y 2', 'two in one transaction'],
    ],
    run: async (context, args) => (await import('./commands/store.ts')).storeWrite(context, args),
  },
  {
    path: ['store', 'rm'],
    summary: 'remove nodes and all below them',
    args: [NODES],
    options: [],
    examples: [
      ['xtl store rm /tmp/test', 'one node'],
      ['xtl store rm /a/x /a/y', 'two'],
    ],
    run: async (context, args) => (await import('./commands/store.ts')).storeRm(context, args),
  },
  {
    path: ['store', 'exists'],
    summary: 'exit 0 if all these nodes exist, 3 if not',
    args: [NODES],
    options: [],
    examples: [
      ['xtl store exists /local/domain/3', 'whether domain 3 has nodes'],
      ['xtl store exists /a/x /a/y', 'whether both are there'],
    ],
    run: async (context, args) => (await import('./commands/store.ts')).storeExists(context, args),
  },
  {
    path: ['store', 'chmod'],
    summary: 'set who may read and write a node',
    args: [
      { usage: '<path>', doc: 'the node', completes: 'node' },
      { usage: '<permissions...>', doc: 'n0 r5 ...: first its owner and what others may do' },
    ],
    options: [{ flags: '-r, --recursive', doc: 'of all below it, too' }],
    examples: [
      ['xtl store chmod /local/domain/3/data n3 r0', 'owned by domain 3, read by domain 0'],
      ['xtl store chmod -r /local/domain/3 n0 r3', 'all of it read by domain 3'],
    ],
    run: async (...args) => (await import('./commands/store.ts')).storeChmod(...args),
  },
  {
    path: ['store', 'watch'],
    summary: 'print the path of every change below nodes',
    args: [NODES],
    options: [
      { flags: '-n, --count <events>', doc: 'end after so many' },
      { flags: '--timeout <seconds>', doc: 'end after this time; exit 7 if events are missing' },
    ],
    examples: [
      ['xtl store watch /local/domain', 'until ^C'],
      ['xtl store watch -n 2 --timeout 5 @releaseDomain', 'until a domain ends'],
    ],
    run: async (...args) => (await import('./commands/store-watch.ts')).storeWatch(...args),
  },
  {
    path: ['store', 'trace'],
    summary: "show xtl's xenstored at work: requests, replies and events, decoded",
    args: [],
    options: [],
    examples: [
      ['xtl store trace', 'until ^C'],
      ['xtl store trace | grep " d3 "', 'what domain 3 does'],
    ],
    run: async (context) => (await import('./commands/store-watch.ts')).storeTrace(context),
  },
  {
    path: ['xenstored', 'enable'],
    summary: "let this host start xtl's xenstored instead of Xen's own",
    args: [],
    options: [],
    examples: [
      ['xtl xenstored enable', 'from the next boot on'],
      ['xtl xenstored status', 'what is configured, and what runs'],
    ],
    run: async (context) => (await import('./commands/xenstored.ts')).xenstoredEnable(context),
  },
  {
    path: ['xenstored', 'disable'],
    summary: "let this host start Xen's own xenstored again",
    args: [],
    options: [],
    examples: [
      ['xtl xenstored disable', 'from the next boot on'],
      ['xtl xenstored status', 'what is configured, and what runs'],
    ],
    run: async (context) => (await import('./commands/xenstored.ts')).xenstoredDisable(context),
  },
  {
    path: ['xenstored', 'start'],
    summary: "start xtl's xenstored as a domain of its own, on a host without one",
    usage: '--stubdom [options] [-- WORDS...]',
    args: [{ usage: '[words...]', doc: 'options of xenstored itself: -- --quota nodes=5000' }],
    options: [
      { flags: '--stubdom', doc: 'as a stub domain: the only way by hand' },
      {
        flags: '--kernel <file>',
        doc: 'the image',
        fallback: '/usr/lib/xtl/stubdom/xenstored.xen',
        completes: 'file',
      },
      { flags: '--memory <mib>', doc: 'its memory', fallback: '8' },
      QUIET,
    ],
    examples: [
      ['xtl xenstored start --stubdom', 'before anything has spoken to a xenstored'],
      ['xtl xenstored start --stubdom --memory 16', 'for a host of many domains'],
    ],
    run: async (...args) => (await import('./commands/xenstored-start.ts')).xenstoredStart(...args),
  },
  {
    path: ['xenstored', 'restart'],
    summary: 'start the xenstored of this host anew, and restore what can be of what it knew',
    args: [],
    options: [{ flags: '--force', doc: 'even one that answers, and has forgotten nothing' }, QUIET],
    examples: [
      ['xtl xenstored restart', 'after it was killed'],
      ['xtl xenstored restart --force', 'another version of it, without a boot'],
    ],
    run: async (...args) =>
      (await import('./commands/xenstored-restart.ts')).xenstoredRestart(...args),
  },
  {
    path: ['xenstored', 'status'],
    summary: 'show which xenstored runs, and which starts at the next boot',
    args: [],
    options: [OUTPUT],
    examples: [
      ['xtl xenstored status', 'as text'],
      ['xtl xenstored status -o json', 'the same for a program'],
    ],
    run: async (...args) => (await import('./commands/xenstored.ts')).xenstoredStatus(...args),
  },
];
