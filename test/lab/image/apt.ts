// A private apt: its own lists, state and downloads, over the machine's mirror and Debian's keys.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import {
  aptConfig,
  chooseMirror,
  osCodename,
  type PackageFile,
  parsePrintUris,
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

/** Prepares the private apt below `dir`; packages go to its folder `debs`, or to another one. */
export const openApt = async (dir: string, debs = 'debs'): Promise<Apt> => {
  const keyring = keyrings.find((path) => existsSync(path));
  if (keyring === undefined) throw new Error('the package debian-archive-keyring is missing');
  const downloads = join(dir, debs);
  for (const sub of ['lists/partial', 'cache/archives/partial', debs]) {
    mkdirSync(join(dir, sub), { recursive: true });
  }
  const config = aptConfig(dir, await machineMirror(), keyring);
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
    download: async (specs) =>
      void (await run(
        'apt-get',
        ['-q', '-o', 'Acquire::Retries=3', 'download', ...specs],
        downloads,
      )),
  };
};
