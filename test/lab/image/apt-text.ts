// The texts exchanged with apt: its configuration, its index targets and its lists of files.
import type { Spec } from './packages.ts';

/** One package as a file of the mirror. */
export interface PackageFile {
  readonly name: string;
  readonly version: string;
  /** File name in the download directory. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly hash: string;
}

/** The codename of the machine's release, from the text of os-release(5). */
export const osCodename = (osRelease: string): string =>
  /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(osRelease)?.[1] ?? '';

/**
 * The mirror in lines of `CREATED_BY REPO_URI RELEASE COMPONENT ORIGIN LABEL` split by tabs.
 * Origin and label are known only once the lists were fetched, hence the machine's own release as
 * a second way.
 */
export const chooseMirror = (targets: string, codename: string): string | undefined => {
  const rows = targets
    .split('\n')
    .map((line) => line.split('\t'))
    .filter((row) => row[0] === 'Packages' && row[3] === 'main');
  const debian = rows.find((row) => row[4] === 'Debian' && row[5] === 'Debian');
  const fallback = rows.find((row) => codename !== '' && row[2] === codename);
  return (debian ?? fallback)?.[1];
};

/** What an apt's lists tell of: packages, or what they are made from. */
export type AptKind = 'deb' | 'deb-src';

/** The files that make a private apt in `dir`; `apt.conf` is the one for APT_CONFIG. */
export const aptConfig = (
  dir: string,
  mirror: string,
  keyring: string,
  kind: AptKind = 'deb',
): Record<'apt.conf' | 'sources.list' | 'status', string> => ({
  'apt.conf': [
    ['Dir::Etc::sourcelist', `${dir}/sources.list`],
    ['Dir::Etc::sourceparts', '/dev/null'],
    ['Dir::Etc::preferencesparts', '/dev/null'],
    ['Dir::Etc::preferences', '/dev/null'],
    ['Dir::State::lists', `${dir}/lists`],
    ['Dir::State::status', `${dir}/status`],
    ['Dir::Cache', `${dir}/cache`],
    ['Acquire::Languages', 'none'],
    ['APT::Architecture', 'amd64'],
    ['APT::Architectures', 'amd64'],
    ['APT::Sandbox::User', ''],
  ]
    .map(([key, value]) => `${key} "${value}";\n`)
    .concat('#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n')
    .join(''),
  'sources.list': ['bookworm', 'trixie']
    .map((suite) => `${kind} [signed-by=${keyring} arch=amd64] ${mirror} ${suite} main\n`)
    .join(''),
  status: '',
});

/** The .dsc among what `apt-get source --print-uris` prints, which names all other files. */
export const parseSourceUris = (text: string): PackageFile | undefined => {
  const match = /^'[^']+' ((\S+)_(\S+)\.dsc) (\d+) (\S+)$/m.exec(text);
  if (!match) return undefined;
  const [, file = '', name = '', version = '', size, hash = ''] = match;
  return { name, version: version.replaceAll('%3a', ':'), file, sizeBytes: Number(size), hash };
};

/** What `apt-get download --print-uris` prints: `'URI' FILE SIZE HASH` for each package. */
export const parsePrintUris = (text: string): PackageFile[] =>
  text.split('\n').flatMap((line) => {
    const match = /^'[^']+' (\S+) (\d+) (\S+)$/.exec(line);
    const [name, version] = match?.[1]?.split('_') ?? [];
    if (!match || name === undefined || version === undefined) return [];
    return [
      {
        name,
        version: version.replaceAll('%3a', ':'),
        file: match[1] as string,
        sizeBytes: Number(match[2]),
        hash: match[3] as string,
      },
    ];
  });

/**
 * The package that holds the kernel: the first dependency of the meta package's stanza of this
 * version (`linux-image-6.12.1+deb13-amd64 (= 6.12.1-1)`).
 */
export const kernelPackage = (stanzas: string, meta: PackageFile, spec: Spec): Spec => {
  const stanza = stanzas
    .split(/\n\n+/)
    .find((text) => text.includes(`\nVersion: ${meta.version}\n`));
  const name = /^Depends: (linux-image-[^\s,]+)/m.exec(stanza ?? '')?.[1];
  if (name === undefined) throw new Error(`${meta.name} ${meta.version} names no kernel package`);
  return `${name}/${spec.endsWith('bookworm') ? 'bookworm' : 'trixie'}`;
};
