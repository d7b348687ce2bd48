// The arguments of the lab's command: what people type and what comes of it.
import { describe, expect, it } from 'vitest';
import { parseArguments } from './args.ts';

const defaults = {
  action: 'run',
  xen: '4.17',
  xenGiven: false,
  accel: 'tcg',
  xenstored: 'c',
  image: 'plain',
  disk: undefined,
  keep: false,
  timeoutSeconds: undefined,
  command: undefined,
};

describe('what people type', () => {
  it.each([
    ['nothing: a shell', [], {}],
    ['a command after --', ['--', 'xl', 'list'], { command: 'xl list' }],
    ['a command without --', ['xl list'], { command: 'xl list' }],
    ["options after -- are the command's", ['--', 'ls', '--stop'], { command: 'ls --stop' }],
    [
      'another Xen',
      ['--xen', '4.20', '--', 'true'],
      { xen: '4.20', xenGiven: true, command: 'true' },
    ],
    ['a value after =', ['--xen=4.20'], { xen: '4.20', xenGiven: true }],
    ['a time limit', ['--timeout', '1.5'], { timeoutSeconds: 1.5 }],
    ['hardware help', ['--accel', 'kvm'], { accel: 'kvm' }],
    ['a xenstored by name', ['--xenstored', 'ocaml'], { xenstored: 'ocaml' }],
    ['a xenstored by path', ['--xenstored', '/usr/bin/x-1'], { xenstored: '/usr/bin/x-1' }],
    ['a xenstored as a domain', ['--xenstored', 'stubdom'], { xenstored: 'stubdom' }],
    ['a larger image', ['--image', 'systemd'], { image: 'systemd' }],
    ['a disk that stays', ['--disk', 'my.disk'], { disk: 'my.disk' }],
    ['a host that stays', ['--keep'], { keep: true }],
    ['the end of all hosts', ['--stop'], { action: 'stop' }],
    ['the end of one', ['--stop', '--xen', '4.17'], { action: 'stop', xenGiven: true }],
    ['help beats the rest', ['--stop', '-h'], { action: 'help' }],
  ])('%s', (_, argv, expected) => {
    expect(parseArguments(argv)).toEqual({ ...defaults, ...expected });
  });
});

describe('a mistake is one line that names it', () => {
  it.each([
    [['--zen', '4.17'], 'unknown option --zen'],
    [['--xen'], '--xen needs a value'],
    [['--xen='], '--xen needs a value'],
    [['--xen', '4.18'], '--xen is 4.17 or 4.20, not 4.18'],
    [['--image', 'huge'], '--image is plain or tools or systemd, not huge'],
    [['--accel', 'hvf'], '--accel is tcg or kvm, not hvf'],
    [['--timeout', '-1'], '--timeout is a number of seconds, not -1'],
    [['--timeout', '0'], '--timeout is a number of seconds, not 0'],
    [['--timeout', 'soon'], '--timeout is a number of seconds, not soon'],
    [
      ['--xenstored', 'a,b'],
      '--xenstored is c, ocaml, stubdom, xtl-stubdom or a path in dom0, not a,b',
    ],
    [
      ['--xenstored', '/a b'],
      '--xenstored is c, ocaml, stubdom, xtl-stubdom or a path in dom0, not /a b',
    ],
  ])('%j', (argv, error) => {
    expect(parseArguments(argv)).toEqual({ error });
  });
});
