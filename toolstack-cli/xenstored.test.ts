/** `xtl xenstored` on hosts made of files. */

import { describe, expect, test } from 'vitest';
import { fail, must, ok } from '../shared/core/result.ts';
import { chosenIn, withOurs, withoutOurs } from './commands/xenstored-config.ts';
import { runXtl, simMachine } from './testing/bundled.ts';

const OURS = '/usr/lib/xtl/xenstored';

const texts = [
  '',
  '# nothing\n',
  'XENSTORED=/usr/sbin/oxenstored\nXENSTORED_ARGS=--x\n',
  'XENSTORED="" # none',
];

describe.each(texts)('a file with %j', (text) => {
  test('has our lines once, last, and as it was without them', () => {
    const once = withOurs(text, OURS);
    expect(chosenIn(once)).toBe(OURS);
    expect(once.startsWith(text)).toBe(true);
    expect(withOurs(once, OURS)).toBe(once);
    expect(withOurs(once, '/other').match(/XENSTORED=\/other/g)).toHaveLength(1);
    expect(withoutOurs(once).trimEnd()).toBe(text.trimEnd());
    expect(withoutOurs(text)).toBe(text);
  });
});

test('a begin of ours without its end takes nothing of the user’s with it', () => {
  const begin = withOurs('', OURS).split('\n')[0];
  const text = `${begin}\nXENSTORED_ARGS=mine\n`;
  expect(withoutOurs(withOurs(text, OURS))).toBe(text);
  expect(withoutOurs(withOurs('', OURS) + withOurs(text, OURS))).toBe(text);
});

test.each([
  ['', undefined],
  ['#XENSTORED=/a\n', undefined],
  ['XENSTORED=/a\n', '/a'],
  ['XENSTORED="/a b" # that\n', '/a b'],
  ["export XENSTORED='/a'\n", '/a'],
  ['XENSTORED=/a\nXENSTORED=\n', undefined],
  ['XENSTORED_ARGS=/a\n', undefined],
])('%j starts %s', (text, program) => {
  expect(chosenIn(text)).toBe(program);
});

const DEBIAN = { '/etc/init.d/xen': '#!/bin/sh\n', [OURS]: '#!/bin/sh\n' };
const UPSTREAM = { '/etc/sysconfig/xencommons': 'XENSTORED_ARGS=\n', [OURS]: '#!/bin/sh\n' };

test.each([
  ['Debian', DEBIAN, '/etc/default/xen'],
  ['upstream', UPSTREAM, '/etc/sysconfig/xencommons'],
])('on %s it is enabled, shown and disabled', async (_name, files, place) => {
  const written = new Map<string, Uint8Array>();
  const xtl = (verb: string) => runXtl(['xenstored', verb], { files, written });
  const textOf = () => new TextDecoder().decode(written.get(place));
  const enabled = await xtl('enable');
  expect(enabled).toMatchObject({ exit: 0, stderr: '' });
  expect(enabled.stdout).toContain(`${place}, which`);
  expect(enabled.stdout).toContain('at the next boot');
  expect(chosenIn(textOf())).toBe(OURS);
  expect((await xtl('status')).stdout).toMatch(
    new RegExp(`^running +none answers\n${place} +${OURS}\n$`),
  );
  expect((await xtl('enable')).stdout).toBe('It is so already.\n');
  await xtl('disable');
  expect(chosenIn(textOf())).toBeUndefined();
  expect((await xtl('disable')).stdout).toBe('It is so already.\n');
});

describe('status says whose xenstored answers, and where it runs', () => {
  const theirs = async () => ok('check\t\nlive-update\t[-c <cmdline>] [-F]\n');
  test.each([
    ['xtl', 0, "xtl's, a process of domain 0"],
    ['xtl', 5, "xtl's, in domain 5"],
    ['other', 0, "Xen's own, a process of domain 0"],
    ['other', 5, "Xen's own, in domain 5"],
  ])('%s in domain %i', async (running, domain, text) => {
    const { sim, xenstore, xtl } = await simMachine();
    if (domain > 0) must(await sim.run(xenstore.write('/tool/xenstored/domid', `${domain}`)));
    const store = running === 'xtl' ? xenstore : { ...xenstore, control: theirs };
    const options = { files: DEBIAN, xenstore: ok(store) };
    expect(JSON.parse((await xtl('xenstored status -o json', options)).stdout)).toEqual({
      running,
      domain,
      configured: [{ file: '/etc/default/xen', program: null }],
    });
    expect((await xtl('xenstored status', options)).stdout).toMatch(
      new RegExp(`^running +${text}\n`),
    );
  });

  test.each([
    ['ENODEV', 'there is no xenstored'],
    ['ECONNREFUSED', 'nobody listens there'],
  ] as const)('none, where nobody answers: %s', async (errno, what) => {
    const xenstore = fail(errno, what);
    const { exit, stdout } = await runXtl(['xenstored', 'status', '-o', 'json'], { xenstore });
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ running: 'none', domain: null, configured: [] });
  });

  test.each([
    ['EACCES', 5],
    ['EMFILE', 1],
  ] as const)('nothing, where it cannot be known: %s', async (errno, exit) => {
    const xenstore = fail(errno, 'cannot reach xenstored');
    const ran = await runXtl(['xenstored', 'status'], { xenstore });
    expect(ran).toEqual({ exit, stdout: '', stderr: 'xtl: cannot reach xenstored\n' });
  });

  test('nor by a store that is lost meanwhile', async () => {
    const { xenstore, xtl } = await simMachine();
    xenstore.close();
    expect(await xtl('xenstored status', { xenstore: ok(xenstore) })).toEqual({
      exit: 1,
      stdout: '',
      stderr: 'xtl: directory /: this end closed the connection\n',
    });
  });
});

test('where nothing starts a xenstored there is nothing to change', async () => {
  const files = { [OURS]: '' };
  const { exit, stderr } = await runXtl(['xenstored', 'enable'], { files });
  expect(exit).toBe(4);
  expect(stderr).toContain('nothing here starts a xenstored');
});

test('it is not enabled where it is not installed', async () => {
  const files = { '/etc/init.d/xen': '' };
  expect(await runXtl(['xenstored', 'enable'], { files })).toEqual({
    exit: 3,
    stdout: '',
    stderr: `xtl: ${OURS}: no such file\n`,
  });
});
