/** A service from its sources to an image that Xen boots. */

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { execa } from 'execa';
import { bundle } from './bundle.ts';
import { checkVersion } from './engine/check.ts';
import {
  ALL_PARTS,
  markGlobals,
  partsFor,
  partsSource,
  refuseParser,
  usesOf,
} from './engine/globals.ts';
import { namesOf } from './engine/names.ts';
import { openEngineSource } from './engine/source.ts';
import { link } from './link.ts';
import { readManifest } from './manifest.ts';
import { type Part, partsOf, showParts } from './parts.ts';
import { positionTable } from './positions.ts';
import { sbom } from './sbom.ts';
import { serviceSource } from './service-source.ts';
import { openSysroot } from './sysroot.ts';
import { openToolchain } from './toolchain.ts';

export interface RelinkOptions {
  /** The root of the source tree. */
  readonly root: string;
  /** A name, or the path of a main.stubdom.ts. */
  readonly service: string;
  /** Configuration to compile in. */
  readonly config?: string | undefined;
  readonly debug?: boolean;
  /** Other services whose needs the engine serves, too: it is compiled once for all of them. */
  readonly alongside?: readonly string[];
  readonly out: string;
  readonly say?: (text: string) => void;
}

export interface Relinked {
  readonly service: string;
  readonly image: string;
  readonly imageBytes: number;
  readonly parts: readonly Part[];
}

/** The service's main.stubdom.ts as a path from the root. */
export function findEntry(root: string, service: string): string {
  const places = service.endsWith('.ts')
    ? [relative(root, resolve(root, service))]
    : ['services', 'drivers'].map((folder) => join(folder, service, 'main.stubdom.ts'));
  const found = places.find((path) => existsSync(join(root, path)));
  if (found === undefined) {
    throw new Error(`there is no service ${service}: looked for ${places.join(' and ')}`);
  }
  return found;
}

/**
 * When the sources were last changed on record, so that the same sources give the same documents.
 */
async function sourceDate(root: string): Promise<string> {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  if (epoch) return toSpdxTime(Number(epoch));
  const { stdout } = await execa('git', ['log', '-1', '--format=%ct'], {
    cwd: root,
    reject: false,
  });
  return toSpdxTime(Number(stdout || 0));
}

function toSpdxTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}

interface Asked {
  /** Of the engine, as quickjs.h names them. */
  readonly parts: readonly string[];
  /** Built-ins; undefined for all. */
  readonly names: ReadonlySet<string> | undefined;
}

/** What the service's script, or one that shares its engine, asks of the engine. */
async function whatIsAsked(options: RelinkOptions, entry: string): Promise<Asked> {
  const { root, alongside = [] } = options;
  const entries = [...new Set([entry, ...alongside.map((service) => findEntry(root, service))])];
  const all = await Promise.all(
    entries.map((each) => bundle(root, each, { debug: false, define: markGlobals })),
  );
  const uses = all.flatMap(({ script, map }) => usesOf(script, map));
  refuseParser(uses);
  const names = all.flatMap(({ script }) => [...namesOf(script)]);
  return { parts: partsFor(uses), names: new Set([...names, ...uses.map(({ name }) => name)]) };
}

/** Links one service. Throws an Error whose message is for the user. */
export async function relink(options: RelinkOptions): Promise<Relinked> {
  const { root, debug = false, say = () => {} } = options;
  const entry = findEntry(root, options.service);
  const manifestPath = join(dirname(entry), 'manifest.json');
  const manifest = readManifest(await readFile(join(root, manifestPath), 'utf8'), manifestPath);
  const bundled = await bundle(root, entry, { debug });
  const asked = debug ? { parts: ALL_PARTS, names: undefined } : await whatIsAsked(options, entry);
  const sysroot = await openSysroot(say);
  const source = await openEngineSource(say);
  const toolchain = await openToolchain(root, sysroot, source, say);
  await checkVersion(root, source.about.version, toolchain);
  const engine = await toolchain.makeEngine(asked.names);
  const work = await mkdtemp(join(tmpdir(), 'xtl-relink-'));
  try {
    const at = (name: string) => join(work, name);
    await writeFile(at('main.js'), bundled.script);
    await writeFile(at('positions'), positionTable(bundled.map));
    await toolchain.compileScript(at('main.js'), at('bytecode'), debug);
    const service = serviceSource({
      manifest,
      config: options.config ?? '',
      bytecode: 'bytecode',
      positions: 'positions',
    });
    await writeFile(at('service.c'), service);
    await writeFile(at('parts.c'), partsSource(asked.parts));
    const own = ['service', 'parts'];
    for (const name of own) await toolchain.compileC(at(`${name}.c`), at(`${name}.o`));
    const objects = [...own.map((name) => at(`${name}.o`)), ...engine.objects];
    const linked = await link(work, objects, toolchain, sysroot);
    const image = await readFile(linked.image);
    const parts = partsOf(await readFile(linked.map, 'utf8'));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    const { stdout: compiler } = await execa('gcc', ['--version']);
    const document = sbom({
      root,
      service: manifest.service,
      version,
      image,
      bundle: bundled,
      sysroot,
      engine: { ...source.about, flags: engine.flags },
      compiler: compiler.split('\n')[0] as string,
      created: await sourceDate(root),
    });
    const out = resolve(root, options.out);
    await mkdir(out, { recursive: true });
    const to = (end: string) => join(out, `${manifest.service}.${end}`);
    await writeFile(to('xen'), image);
    await writeFile(to('map'), linked.symbols);
    await writeFile(to('parts'), showParts(parts));
    await writeFile(to('spdx.json'), document);
    return { service: manifest.service, image: to('xen'), imageBytes: image.length, parts };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
