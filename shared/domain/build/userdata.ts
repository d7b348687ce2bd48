/**
 * What is kept of a domain beside xenstore, in the files and the format of libxl, so that xl's
 * verbs find what they need of our domains (libxl__userdata_* in libxl_dom.c and libxl_types.idl @
 * RELEASE-4.17.0; what those of 4.20 know more has its default).
 */

import type { Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { fromLatin1, toLatin1 } from '../../core/text.ts';
import type { Files } from '../../platform/files.ts';
import type { VmSpec } from '../spec/vm-spec.ts';
import { libxlConfig } from './libxl-config.ts';
import { USERDATA_DIR } from './places.ts';
import { formatRecord, parseRecord } from './record.ts';

export interface KeptDomain {
  readonly domid: Domid;
  /** Lower case with dashes. */
  readonly uuid: string;
}

/** A file of a domain: who it is for is its last part. */
function userdataPath({ domid, uuid }: KeptDomain, user: string, kind = 'd'): string {
  return `${USERDATA_DIR}/userdata-${kind}.${domid}.${uuid}.${user}`;
}

const CONFIG = 'libxl-json';
const RECORD = 'xtl';

export const configPath = (of: KeptDomain): string => userdataPath(of, CONFIG);
export const keptRecordPath = (of: KeptDomain): string => userdataPath(of, RECORD);
/** Who changes the configuration of a domain that runs holds this (libxl__lock_domain_userdata). */
export const userdataLockPath = (of: KeptDomain): string =>
  userdataPath(of, 'domain-userdata-lock', 'l');

/**
 * Writes the configuration where libxl looks for it, and our record beside it: what both know of
 * the domain outlives a xenstored.
 */
export async function keepConfig(
  files: Files,
  of: KeptDomain,
  spec: VmSpec,
): Promise<Result<void>> {
  // libxl reads the file as a C string.
  const text = `${JSON.stringify(libxlConfig(spec, of.uuid), undefined, 4)}\n\0`;
  const config = await files.write(configPath(of), toLatin1(text));
  if (!config.ok) return config;
  return files.write(keptRecordPath(of), toLatin1(formatRecord(spec, of.uuid)));
}

/** What is remembered of a domain that xenstore has forgotten. */
export interface Remembered {
  readonly name: string;
  readonly memoryKib: number;
  /** Our record, as it was; absent if xl made the domain. */
  readonly record?: string;
}

/** More than any such file has. */
export const FILE_MAX = 4 << 20;

/** ENOENT without a file, EPROTO for one that is not libxl's, EOPNOTSUPP unless it is a PVH. */
export async function recallDomain(files: Files, of: KeptDomain): Promise<Result<Remembered>> {
  const config = await files.read(configPath(of), FILE_MAX);
  if (!config.ok) return config;
  const found = readConfig(fromLatin1(config.value));
  if (!found.ok) return found;
  const record = await files.read(keptRecordPath(of), FILE_MAX);
  if (!record.ok) return record.error.errno === 'ENOENT' ? found : record;
  const text = fromLatin1(record.value);
  const parsed = parseRecord(text);
  return parsed.ok ? ok({ ...found.value, record: text }) : parsed;
}

interface LibxlConfig {
  readonly c_info?: { readonly type?: unknown; readonly name?: unknown };
  readonly b_info?: { readonly target_memkb?: unknown; readonly max_memkb?: unknown };
}

function readConfig(text: string): Result<Remembered> {
  let config: LibxlConfig;
  try {
    config = Object(JSON.parse(text.replace(/\0.*$/s, '')));
  } catch {
    return fail('EPROTO', 'what libxl keeps of it is not JSON');
  }
  const { type, name } = Object(config.c_info);
  const { max_memkb, target_memkb = max_memkb } = Object(config.b_info);
  if (type !== 'pvh') return fail('EOPNOTSUPP', 'it is no PVH guest');
  if (typeof name !== 'string' || !Number.isSafeInteger(target_memkb) || target_memkb <= 0) {
    return fail('EPROTO', 'what libxl keeps of it names neither name nor memory');
  }
  return ok({ name, memoryKib: target_memkb });
}

/** Removes all files of a domain, whoever wrote them; only for one that is gone or never ran. */
export async function forgetDomain(files: Files, domid: Domid): Promise<Result<void>> {
  const names = await files.list(USERDATA_DIR);
  if (!names.ok) return names;
  const ours = new RegExp(`^userdata-.\\.${domid}\\.`);
  for (const name of names.value.filter((each) => ours.test(each))) {
    const removed = await files.remove(`${USERDATA_DIR}/${name}`);
    if (!removed.ok) return removed;
  }
  return ok();
}
