// The texts of apt, as Debian 12 prints them.
import { describe, expect, it } from 'vitest';
import { aptConfig, chooseMirror, kernelPackage, osCodename, parsePrintUris } from './apt-text.ts';

const target = (...fields: string[]): string => fields.join('\t');

describe('the mirror', () => {
  const security = target(
    'Packages',
    'http://a/security/',
    'bookworm-security',
    'main',
    'Debian',
    'Debian-Security',
  );
  const main = target('Packages', 'http://a/debian/', 'bookworm', 'main', 'Debian', 'Debian');
  const contrib = target('Packages', 'http://b/debian/', 'bookworm', 'contrib', 'Debian', 'Debian');
  const foreign = target('Packages', 'http://c/', 'bookworm', 'main', 'Other', 'Other');
  const unread = target('Packages', 'http://d/debian/', 'trixie', 'main', '', '');

  it.each([
    [
      "is Debian's own, not that of its security updates",
      [security, main],
      'bookworm',
      'http://a/debian/',
    ],
    ['has the component main', [contrib, main], 'bookworm', 'http://a/debian/'],
    [
      "is not another vendor's while Debian's is known",
      [foreign, main],
      'bookworm',
      'http://a/debian/',
    ],
    [
      "is that of the machine's release before any list was read",
      [security, unread],
      'trixie',
      'http://d/debian/',
    ],
    ['is unknown without one', [security], 'trixie', undefined],
    ['is unknown when apt knows nothing', [''], '', undefined],
    [
      'does not come from translations',
      [main.replace('Packages', 'Translations')],
      'bookworm',
      undefined,
    ],
  ])('%s', (_, lines, codename, expected) => {
    expect(chooseMirror(lines.join('\n'), codename)).toBe(expected);
  });
});

it.each([
  ['VERSION_CODENAME=bookworm\nID=debian\n', 'bookworm'],
  ['NAME="x"\nVERSION_CODENAME="trixie"\n', 'trixie'],
  ['ID=other\n', ''],
])('the codename in %j is %j', (text, codename) => {
  expect(osCodename(text)).toBe(codename);
});

it('the private apt has its own lists, state and cache, and only signed sources', () => {
  const config = aptConfig('/c', 'http://a/debian/', '/k.gpg');
  expect(config['sources.list'].split('\n')).toEqual([
    'deb [signed-by=/k.gpg arch=amd64] http://a/debian/ bookworm main',
    'deb [signed-by=/k.gpg arch=amd64] http://a/debian/ trixie main',
    '',
  ]);
  for (const line of [
    'Dir::State::lists "/c/lists";',
    'Dir::State::status "/c/status";',
    'Dir::Cache "/c/cache";',
  ]) {
    expect(config['apt.conf'].split('\n')).toContain(line);
  }
});

it("files are read from apt's URIs, epochs too", () => {
  const text = [
    'Reading package lists...',
    "'http://a/pool/b/bash_5.2-1_amd64.deb' bash_5.2-1_amd64.deb 1500 SHA256:ab",
    "'http://a/pool/busybox.deb' busybox-static_1%3a1.37.0-6+b9_amd64.deb 9 SHA256:cd",
    '',
  ].join('\n');
  expect(parsePrintUris(text)).toEqual([
    {
      name: 'bash',
      version: '5.2-1',
      file: 'bash_5.2-1_amd64.deb',
      sizeBytes: 1500,
      hash: 'SHA256:ab',
    },
    {
      name: 'busybox-static',
      version: '1:1.37.0-6+b9',
      file: 'busybox-static_1%3a1.37.0-6+b9_amd64.deb',
      sizeBytes: 9,
      hash: 'SHA256:cd',
    },
  ]);
});

describe('the package of a kernel', () => {
  const stanza = (version: string, depends: string): string =>
    `Package: linux-image-amd64\nVersion: ${version}\nDepends: ${depends}\n`;
  const stanzas = [
    stanza('6.12.107-1', 'linux-image-6.12.107+deb13-amd64 (= 6.12.107-1)'),
    stanza('6.1.176-1', 'linux-image-6.1.0-50-amd64 (= 6.1.176-1), other'),
  ].join('\n');
  const meta = (version: string) => ({
    name: 'linux-image-amd64',
    version,
    file: '',
    sizeBytes: 0,
    hash: '',
  });

  it.each([
    ['6.12.107-1', 'linux-image-amd64/trixie', 'linux-image-6.12.107+deb13-amd64/trixie'],
    ['6.1.176-1', 'linux-image-amd64/bookworm', 'linux-image-6.1.0-50-amd64/bookworm'],
  ] as const)('of version %s is of the same release', (version, spec, expected) => {
    expect(kernelPackage(stanzas, meta(version), spec)).toBe(expected);
  });

  it('is an error when the meta package names none', () => {
    const call = () => kernelPackage(stanzas, meta('6.1.1-1'), 'linux-image-amd64/bookworm');
    expect(call).toThrow('linux-image-amd64 6.1.1-1 names no kernel package');
  });
});
