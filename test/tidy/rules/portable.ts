/** Rules: nothing in the repository knows the machine or the network that it was written on. */

import { findAll, type Rule } from '../project.ts';

/** Somebody's home or workplace. */
const MACHINE_PATH = /(?<![\w.@/-])\/(?:home|work|Users|workspace)\/\w+/g;
/** Package archives; apt and npm know which one to ask. */
const ARCHIVE_HOST = new RegExp(
  [
    String.raw`\bregistry\.(?:npmjs\.org|yarnpkg\.com)\b`,
    String.raw`\b(?:deb|ftp|security|snapshot)\.debian\.org\b`,
    String.raw`\barchive\.ubuntu\.com\b`,
    String.raw`\b[\w-]+\.internal\b(?!\()`,
    String.raw`\b(?:artifactory|nexus|mirrors?)\.[\w-]+\.\w+`,
  ].join('|'),
  'g',
);
/** Samples of what this rule looks for. */
const OWN = /^test\/tidy\//;

export const portable: Rule = {
  name: 'no file names a path of one machine or a host of an archive',
  check: (project) =>
    project.files
      .filter(({ path }) => !OWN.test(path))
      .flatMap((file) => [
        ...findAll(file, 'text', MACHINE_PATH, 'a path of one machine: derive it, or ask for it'),
        ...findAll(file, 'text', ARCHIVE_HOST, 'an archive by name: use what apt or npm is set to'),
      ]),
};

export const lockFile: Rule = {
  name: 'the lock file records no download addresses',
  check: (project) =>
    project.files
      .filter(({ path }) => path.endsWith('package-lock.json'))
      .flatMap((file) =>
        findAll(file, 'text', /"resolved":/g, 'a download address: npm install with our .npmrc'),
      ),
};
