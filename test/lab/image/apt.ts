// A private apt: its own lists, state and downloads, over the machine's mirror and Debian's keys.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import {
  type AptKind,
  aptConfig,
  chooseMirror,
  osCodename,
  type PackageFile,
  parsePrintUris,
  parseSourceUris,
} from './apt-text.ts';
import type { Spec } from './packages.ts';

/** One version of a package, as apt-get takes it. */
export type Exactly = `${string}=${string}`;

export interface Apt {
  /** Fetches the lists of the lab's suites anew. */
  update(): Promise<void>;
  /** Which file each package is, without fetching it. */
  resolve(specs: readonly Spec[]): Promise<PackageFile[]>;
  /** As resolve, with all that the packages depend on. */
  closure(specs: readonly Spec[]): Promise<PackageFile[]>;
  /** The control stanzas of every version of a package. */
  show(name: string): Promise<string>;
  /** The source package's .dsc, without fetching it; undefined if there is none. */
  resolveSource(spec: Spec): Promise<PackageFile | undefined>;
  /** Fetches all files of a source package into `downloads`, checked as packages are. */
  downloadSource(spec: Spec): Promise<void>;
  /** Fetches packages into `downloads`; apt checks them against the signed lists. */
  download(specs: readonly (Spec | Exactly)[]): Promise<void>;
  /** Where downloads lie. */
  readonly downloads: string;
}

const keyrings = ['gpg', 'pgp'].map((kind) => `/usr/share/keyrings/debian-archive-keyring.${kind}`);

const machineMirror = async (): Promise<string> => {
  const fields = ['CREATED_BY', 'REPO_URI', 'RELEASE', 'COMPONENT', 'ORIGIN', 'LABEL'];
  const format = fields.map((field) => `$(${field})`).join('\t');
  const { stdout } = await execa('apt-get', ['indextargets', '--format', format]);
  const codename = osCodename(await readFile('/etc/os-release', 'utf8'));
  const mirror = chooseMirror(stdout, codename);
  if (mirror === undefined) {
    throw new Error(
      "this machine's apt knows no Debian archive (component main) to take packages from",
    );
  }
  return mirror;
};

export interface AptOptions {
  /** The folder of `dir` that packages go to: `debs` unless given. */
  readonly debs?: string;
  /** Whether it is for packages, as it is unless given, or for their sources. */
  readonly kind?: AptKind;
}

/** Prepares the private apt below `dir`. */
export const openApt = async (
  dir: string,
  { debs = 'debs', kind = 'deb' }: AptOptions = {},
): Promise<Apt> => {
  const keyring = keyrings.find((path) => existsSync(path));
  if (keyring === undefined) throw new Error('the package debian-archive-keyring is missing');
  const downloads = join(dir, debs);
  for (const sub of ['lists/partial', 'cache/archives/partial', debs]) {
    mkdirSync(join(dir, sub), { recursive: true });
  }
  const config = aptConfig(dir, await machineMirror(), keyring, kind);
  for (const [name, text] of Object.entries(config)) writeFileSync(join(dir, name), text);
  const run = async (command: string, args: readonly string[], cwd = dir): Promise<string> => {
    const env = { APT_CONFIG: join(dir, 'apt.conf'), LC_ALL: 'C' };
    return (await execa(command, args, { env, cwd })).stdout;
  };
  return {
    downloads,
    update: async () => void (await run('apt-get', ['-q', '-o', 'Acquire::Retries=3', 'update'])),
    // Not where the downloads lie: apt leaves out files that it has.
    resolve: async (specs) =>
      parsePrintUris(await run('apt-get', ['-q', 'download', '--print-uris', ...specs])),
    closure: async (specs) => {
      const how = ['--print-uris', '-y', '--no-install-recommends', '-t', 'trixie'];
      return parsePrintUris(await run('apt-get', ['-q', 'install', ...how, ...specs]));
    },
    show: (name) => run('apt-cache', ['show', name]),
    resolveSource: async (spec) =>
      parseSourceUris(await run('apt-get', ['-q', 'source', '--print-uris', spec])),
    downloadSource: async (spec) => {
      const how = ['-q', '-o', 'Acquire::Retries=3', 'source', '--download-only', spec];
      await run('apt-get', how, downloads);
    },
    download: async (specs) =>
      void (await run(
        'apt-get',
        ['-q', '-o', 'Acquire::Retries=3', 'download', ...specs],
        downloads,
      )),
  };
};
