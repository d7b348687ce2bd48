/** A context for tests: files in memory, and whatever host the test brings. */

import { gunzipSync } from 'node:zlib';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import { createImageFiles, type StoreDomainHost } from '../../shared/domain/build/index.ts';
import type { Files } from '../../shared/platform/files.ts';
import type { HeldSignals } from '../../shared/platform/signals.ts';
import type { XenstoreClient } from '../../shared/xenstore/client.ts';
import type { Probes } from '../commands/doctor-checks.ts';
import type { Context, Traffic } from '../context.ts';
import type { Host } from '../host.ts';
import { runProgram } from '../program.ts';
import type { StoreServices } from '../store-services.ts';
import type { Sink } from '../terminal.ts';
import { fakeSignals } from './signals.ts';
import { type FakeTerminal, fakeTerminal } from './terminal.ts';

export interface FakeContextOptions {
  readonly terminal?: FakeTerminal;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly host?: Result<Host>;
  readonly storeDomainHost?: StoreDomainHost;
  /** That of the host if not said. */
  readonly xenstore?: Result<XenstoreClient>;
  readonly storeServices?: StoreServices;
  /** Where written files go; without it nothing can be written. */
  readonly written?: Map<string, Uint8Array>;
  readonly probes?: Probes;
  readonly output?: Result<Sink>;
  readonly signals?: HeldSignals;
  readonly traffic?: Result<Traffic>;
}

export function fakeContext(options: FakeContextOptions = {}): Context {
  const files = fakeFiles(options.files ?? {}, options.written);
  const probes = options.probes;
  return {
    terminal: options.terminal ?? fakeTerminal(),
    host: async () => options.host ?? fail('ENODEV', 'no Xen on this machine'),
    storeDomainHost: async () =>
      options.storeDomainHost === undefined
        ? fail('ENODEV', 'no Xen on this machine')
        : ok(options.storeDomainHost),
    storeServices: async () => {
      if (options.storeServices === undefined) throw new Error('this test has no services');
      return options.storeServices;
    },
    output: async () => {
      if (options.output === undefined) throw new Error('this test has no output');
      return options.output;
    },
    files: async () => files,
    images: async (how) => createImageFiles(files, '/cache', how?.dryRun !== true),
    random: () => new Uint8Array(16).fill(0x5a),
    xenstore: async () => {
      if (options.xenstore !== undefined) return options.xenstore;
      if (options.host === undefined) return fail('ENODEV', 'there is no xenstored');
      return options.host.ok ? ok(options.host.value.xenstore) : options.host;
    },
    traffic: async () => options.traffic ?? fail('ENOENT', 'there is no trace'),
    holdSignals: () => options.signals ?? fakeSignals(),
    after: (ms, then) => {
      if (options.host?.ok) return options.host.value.clock.after(ms, then);
      throw new Error('this test has no clock');
    },
    probes: async () => {
      if (probes === undefined) throw new Error('this test has no probes');
      return probes;
    },
  };
}

/** Read-only, unless there is a place for what is written. */
export function fakeFiles(
  content: Readonly<Record<string, string | Uint8Array>>,
  written?: Map<string, Uint8Array>,
): Files {
  const bytesOf = (path: string): Result<Uint8Array> => {
    const found = written?.get(path) ?? content[path];
    if (found === undefined) return fail('ENOENT', `${path}: no such file`);
    return ok(typeof found === 'string' ? new TextEncoder().encode(found) : found);
  };
  const put: Files['write'] = async (path, bytes) => {
    if (written === undefined) return fail('EROFS', path);
    written.set(path, bytes);
    return ok();
  };
  return {
    stat: async (path) => {
      const bytes = bytesOf(path);
      return bytes.ok ? ok({ bytes: bytes.value.length, identity: path }) : bytes;
    },
    read: async (path) => bytesOf(path),
    write: put,
    replace: put,
    truncate: async (path, size) => {
      const old = bytesOf(path);
      if (!old.ok) return old;
      const bytes = new Uint8Array(size);
      bytes.set(old.value.subarray(0, size));
      return put(path, bytes);
    },
    remove: async (path) => {
      written?.delete(path);
      return ok();
    },
    list: async (path) => {
      const inside = [...(written?.keys() ?? [])].filter((each) => each.startsWith(`${path}/`));
      return ok(inside.map((each) => each.slice(path.length + 1)));
    },
    decompress: (kind, packed) =>
      kind === 'gzip' ? ok(new Uint8Array(gunzipSync(packed))) : fail('EOPNOTSUPP', kind),
  };
}

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `xtl WORDS...` to its end. */
export async function runXtl(
  words: readonly string[],
  options: FakeContextOptions = {},
): Promise<Ran> {
  const terminal = options.terminal ?? fakeTerminal();
  const exit = await runProgram(fakeContext({ ...options, terminal }), words);
  return { exit, stdout: terminal.stdout(), stderr: terminal.stderr() };
}
