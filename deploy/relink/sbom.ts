/** What an image is made of, as an SPDX 2.3 document (https://spdx.github.io/spdx-spec/v2.3/). */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackageFile } from '../../test/lab/image/apt-text.ts';
import type { Bundle } from './bundle.ts';
import type { Sysroot } from './sysroot.ts';

interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly downloadLocation: 'NOASSERTION';
  readonly filesAnalyzed: false;
  readonly licenseConcluded: string;
  readonly licenseDeclared: string;
  readonly copyrightText: 'NOASSERTION';
  readonly comment?: string;
  readonly checksums?: readonly { readonly algorithm: string; readonly checksumValue: string }[];
  readonly externalRefs?: readonly {
    readonly referenceCategory: 'PACKAGE-MANAGER';
    readonly referenceType: 'purl';
    readonly referenceLocator: string;
  }[];
}

/** Licences of the parts of Debian's packages that end up in an image. */
const LICENCES: Readonly<Record<string, string>> = {
  'musl-dev': 'MIT',
  'libxen-dev': 'MIT',
};

function spdxPackage(name: string, version: string, licence: string, purl?: string): SpdxPackage {
  return {
    SPDXID: `SPDXRef-${name.replace(/[^A-Za-z0-9.-]/g, '-')}`,
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: licence,
    licenseDeclared: licence,
    copyrightText: 'NOASSERTION',
    ...(purl === undefined
      ? {}
      : {
          externalRefs: [
            {
              referenceCategory: 'PACKAGE-MANAGER',
              referenceType: 'purl',
              referenceLocator: purl,
            },
          ],
        }),
  };
}

function sha256(value: string) {
  return { checksums: [{ algorithm: 'SHA256', checksumValue: value }] };
}

/** The npm packages whose files were bundled. */
function npmPackages(root: string, inputs: readonly string[]): SpdxPackage[] {
  const names = new Set(
    inputs.flatMap((path) => {
      const found = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
      return found === undefined ? [] : [found];
    }),
  );
  return [...names].sort().map((name) => {
    const path = join(root, 'node_modules', name, 'package.json');
    const { version = 'NOASSERTION', license = 'NOASSERTION' } = existsSync(path)
      ? JSON.parse(readFileSync(path, 'utf8'))
      : {};
    return spdxPackage(name, version, license, `pkg:npm/${encodeURI(name)}@${version}`);
  });
}

/** The engine's source package: `hash` is its .dsc's, which has the sums of all its files. */
function enginePackage({ name, version, hash, flags }: SbomInput['engine']): SpdxPackage {
  const purl = `pkg:deb/debian/${name}@${version}?arch=source`;
  // Where headers lie is the machine's own business.
  const words = flags.filter((flag, i) => flag !== '-isystem' && flags[i - 1] !== '-isystem');
  return {
    ...spdxPackage(name, version, 'MIT', purl),
    ...(hash.startsWith('SHA256:') ? sha256(hash.slice('SHA256:'.length)) : {}),
    comment: `compiled from source: ${words.join(' ')}`,
  };
}

export interface SbomInput {
  readonly root: string;
  readonly service: string;
  readonly version: string;
  readonly image: Uint8Array;
  readonly bundle: Bundle;
  readonly sysroot: Sysroot;
  readonly engine: PackageFile & { readonly flags: readonly string[] };
  /** First line of `gcc --version`: its support library is linked in. */
  readonly compiler: string;
  /** When it was made, ISO 8601; the same for the same input. */
  readonly created: string;
}

/** The document, as JSON. */
export function sbom(input: SbomInput): string {
  const { root, service, sysroot, bundle, version } = input;
  const hash = createHash('sha256').update(input.image).digest('hex');
  const image = { ...spdxPackage(`${service}.xen`, version, 'MIT'), ...sha256(hash) };
  const parts: SpdxPackage[] = [
    ...sysroot.packages.map(({ name, version: debian, hash: sum }) => ({
      ...spdxPackage(
        name,
        debian,
        LICENCES[name] ?? 'NOASSERTION',
        `pkg:deb/debian/${name}@${debian}`,
      ),
      ...(sum.startsWith('SHA256:') ? sha256(sum.slice('SHA256:'.length)) : {}),
    })),
    enginePackage(input.engine),
    spdxPackage('libgcc', input.compiler, 'GPL-3.0-or-later WITH GCC-exception-3.1'),
    ...npmPackages(root, bundle.inputs),
  ];
  const relation = (relationshipType: string, from: string, to: string) => ({
    spdxElementId: from,
    relationshipType,
    relatedSpdxElement: to,
  });
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `${service}.xen`,
    documentNamespace: `urn:xtl:stubdom:${service}:${hash}`,
    creationInfo: { created: input.created, creators: ['Tool: xtl-relink'] },
    packages: [image, ...parts],
    relationships: [
      relation('DESCRIBES', 'SPDXRef-DOCUMENT', image.SPDXID),
      ...parts.map(({ SPDXID }) => relation('CONTAINS', image.SPDXID, SPDXID)),
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
