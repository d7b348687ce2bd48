/** Names that a shell may complete, from this machine and its xenstore; none where those fail. */

import { type Domid, domid, isDomid } from '../../shared/core/ids.ts';
import { ok } from '../../shared/core/result.ts';
import { fromUtf8, utf8 } from '../../shared/core/utf8.ts';
import { findByName, listDisks, listVifs } from '../../shared/domain/build/index.ts';
import type { XenstoreClient } from '../../shared/xenstore/client.ts';
import type { Context } from '../context.ts';

/** Somebody waits at a prompt: a store that does not answer shall not hold him up. */
const PATIENCE_MS = 2000;

/** A folder of more files is looked at no further. */
const FILES_MAX = 2000;

export async function domainNames(context: Context): Promise<readonly string[]> {
  return fromStore(context, async (store) => {
    const domids = await store.directory('/local/domain');
    if (!domids.ok) return [];
    const names = domids.value.map((domid) => store.readString(`/local/domain/${domid}/name`));
    return (await Promise.all(names)).flatMap((name) =>
      name.ok && name.value !== '' ? [fromUtf8(name.value)] : [],
    );
  });
}

/** What all domains of a name, or the one of a number, have. */
async function ofDomain(
  context: Context,
  domain: string,
  names: (store: XenstoreClient, id: Domid) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  return fromStore(context, async (store) => {
    const isNumber = /^[0-9]{1,5}$/.test(domain);
    const found = isNumber ? ok([Number(domain)]) : await findByName(store, utf8(domain));
    if (!found.ok) return [];
    const all = found.value.filter(isDomid).map((id) => names(store, domid(id)));
    return (await Promise.all(all)).flat();
  });
}

/** Disks of a domain, by its name or number. */
export function diskNames(context: Context, domain: string): Promise<readonly string[]> {
  return ofDomain(context, domain, async (store, id) => {
    const disks = await listDisks(store, id);
    return disks.ok ? disks.value.map(({ vdev }) => fromUtf8(vdev)) : [];
  });
}

/** Numbers of the vifs of a domain, by its name or number. */
export function vifNumbers(context: Context, domain: string): Promise<readonly string[]> {
  return ofDomain(context, domain, async (store, id) => {
    const vifs = await listVifs(store, id);
    return vifs.ok ? vifs.value.map(({ device }) => String(device)) : [];
  });
}

/** The nodes beside the one that is being typed. */
export async function nodePaths(context: Context, word: string): Promise<readonly string[]> {
  const folder = word.slice(0, word.lastIndexOf('/') + 1);
  return fromStore(context, async (store) => {
    const parent = folder === '' ? '/' : folder.replace(/(.)\/$/, '$1');
    const names = await store.directory(utf8(parent));
    return names.ok ? names.value.map((name) => `${folder || '/'}${fromUtf8(name)}`) : [];
  });
}

async function fromStore(
  context: Context,
  work: (store: XenstoreClient) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  let cancel = (): void => {};
  const late = new Promise<readonly string[]>((resolve) => {
    cancel = context.after(PATIENCE_MS, () => resolve([]));
  });
  const found = context.xenstore().then((store) => (store.ok ? work(store.value) : []));
  const names = await Promise.race([found, late]);
  cancel();
  return names;
}

/**
 * Files whose name ends so, and folders with a `/` behind, beside the one that is being typed. As
 * in a shell, hidden ones only after a dot.
 */
export async function fileNames(
  context: Context,
  word: string,
  ending = '',
): Promise<readonly string[]> {
  const files = await context.files();
  const folder = word.slice(0, word.lastIndexOf('/') + 1);
  const start = word.slice(folder.length);
  const { HOME } = context.terminal.env;
  const place = folder.startsWith('~/') && HOME ? `${HOME}${folder.slice(1)}` : folder || './';
  const names = await files.list(place);
  if (!names.ok) return [];
  const wanted = names.value.filter(
    (name) => name.startsWith(start) && (start.startsWith('.') || !name.startsWith('.')),
  );
  const found = wanted.slice(0, FILES_MAX).map(async (name) => {
    const stat = await files.stat(`${place}${name}`);
    if (!stat.ok && stat.error.errno === 'EISDIR') return [`${folder}${name}/`];
    return stat.ok && name.endsWith(ending) ? [`${folder}${name}`] : [];
  });
  return (await Promise.all(found)).flat().toSorted();
}
