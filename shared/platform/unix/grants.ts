/** Grants of dom0: offers through gntalloc, mappings and copies through gntdev. */

import { assert } from '../../core/assert.ts';
import { type Domid, type Gref, gref } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { type CopyDevice, createCopyBatch } from '../common/copy-batch.ts';
import type { CopyBatch, Grants, Offer, UnmapNotify } from '../grants.ts';
import type { Region } from '../region.ts';
import { lastFailure, type Once, once } from './ffi.ts';
import { GNTDEV_COPY } from './grant-copy.ts';
import { PROT_READ, PROT_WRITE, quietLogger, xengnttab } from './libraries.ts';
import { type Mapping, Regions } from './regions.ts';

interface Handle {
  readonly library: Extract<ReturnType<typeof xengnttab>, { ok: true }>['value'];
  readonly handle: number;
}

function device(path: string, open: 'xengnttab_open' | 'xengntshr_open'): Once<Handle> {
  return once(() => {
    const library = xengnttab();
    if (!library.ok) return library;
    const handle = library.value[open](quietLogger(), 0);
    if (handle === 0) return lastFailure(`cannot open the grant device ${path}`);
    return ok({ library: library.value, handle });
  });
}

/** The device that a region of its own proves to be open. */
function opened(of: Once<Handle>): Handle {
  const found = of();
  assert(found.ok, 'a region exists without its device');
  return found.value;
}

/** Pages of ours that others may map. */
class Offers {
  readonly #device = device('/dev/xen/gntalloc', 'xengntshr_open');
  readonly regions = new Regions();

  offer(
    remote: Domid,
    count: number,
    access: 'ro' | 'rw',
    notify: UnmapNotify | undefined,
  ): Result<Offer> {
    assert(notify === undefined || count === 1, 'a notice of one page');
    const found = this.#device();
    if (!found.ok) return found;
    const { library, handle } = found.value;
    const refs = new Uint32Array(count);
    const writable = access === 'rw' ? 1 : 0;
    const address =
      notify === undefined
        ? library.xengntshr_share_pages(handle, remote, count, refs, writable)
        : library.xengntshr_share_page_notify(
            ...[handle, remote, refs, writable, notify.at, notify.port],
          );
    if (address === 0) return lastFailure(`cannot offer ${count} pages to domain ${remote}`);
    const region = this.regions.add({ address, pages: count });
    return ok({ region, grefs: Array.from(refs, gref) });
  }

  revoke(region: Region): void {
    const { library, handle } = opened(this.#device);
    const { address, pages } = this.regions.remove(region);
    library.xengntshr_unshare(handle, address, pages);
  }

  close(): void {
    for (const region of this.regions.all()) this.revoke(region);
    const found = this.#device.peek();
    found?.library.xengntshr_close(found.handle);
  }
}

/** Pages that others offered. */
class Mappings {
  readonly #device = device('/dev/xen/gntdev', 'xengnttab_open');
  readonly regions = new Regions();

  map(
    owner: Domid,
    grefs: readonly Gref[],
    access: 'ro' | 'rw',
    notify: UnmapNotify | undefined,
  ): Result<Region> {
    const refs = Uint32Array.from(grefs);
    assert(notify === undefined || refs.length === 1, 'a notice of one page');
    const prot = access === 'rw' ? PROT_READ | PROT_WRITE : PROT_READ;
    const made = this.#map(owner, refs, prot, notify);
    if (made.ok) return ok(this.regions.add(made.value));
    if (access === 'ro' || made.error.errno !== 'EINVAL') return made;
    // gntdev reports every refusal as EINVAL: what can be mapped to read was refused the write.
    const readable = this.#map(owner, refs, PROT_READ);
    if (!readable.ok) return made;
    this.#unmap(readable.value);
    return fail('EACCES', `the grants of domain ${owner} are read-only`);
  }

  unmap(region: Region): void {
    this.#unmap(this.regions.remove(region));
  }

  /** gntdev copies, too. */
  batch(addressOf: CopyDevice['addressOf'], max: number): Result<CopyBatch> {
    const found = this.#device();
    if (!found.ok) return found;
    const { library, handle } = found.value;
    const copies = new Uint8Array(max * GNTDEV_COPY.bytes);
    const run = (count: number): boolean =>
      library.xengnttab_grant_copy(handle, count, copies) === 0;
    return ok(createCopyBatch(GNTDEV_COPY, { addressOf, run }, copies.buffer, max));
  }

  close(): void {
    for (const region of this.regions.all()) this.unmap(region);
    const found = this.#device.peek();
    found?.library.xengnttab_close(found.handle);
  }

  #map(owner: Domid, refs: Uint32Array, prot: number, notify?: UnmapNotify): Result<Mapping> {
    const found = this.#device();
    if (!found.ok) return found;
    const { library, handle } = found.value;
    const pages = refs.length;
    const address =
      notify === undefined
        ? library.xengnttab_map_domain_grant_refs(handle, pages, owner, refs, prot)
        : library.xengnttab_map_grant_ref_notify(
            ...[handle, owner, refs[0] as number, prot, notify.at, notify.port],
          );
    if (address === 0) return lastFailure(`cannot map ${pages} grants of domain ${owner}`);
    return ok({ address, pages });
  }

  #unmap({ address, pages }: Mapping): void {
    const { library, handle } = opened(this.#device);
    library.xengnttab_unmap(handle, address, pages);
  }
}

export interface UnixGrants extends Grants {
  closeAll(): void;
}

/** `addressOf` finds regions of the memory port: copies may take any region of ours. */
export function grants(addressOf: (region: Region) => number | undefined): UnixGrants {
  const offers = new Offers();
  const mappings = new Mappings();
  const addressOfOurs = (region: Region): number | undefined =>
    offers.regions.find(region)?.address ?? addressOf(region);
  return {
    offer: (remote, count, access, notify) => offers.offer(remote, count, access, notify),
    revoke: ({ region }) => offers.revoke(region),
    map: (owner, grefs, access, notify) => mappings.map(owner, grefs, access, notify),
    unmap: (region) => mappings.unmap(region),
    batch: (max) => mappings.batch(addressOfOurs, max),
    closeAll: () => {
      mappings.close();
      offers.close();
    },
  };
}
