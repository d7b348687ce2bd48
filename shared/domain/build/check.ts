/** The first step of creating a domain: refuses what would fail, with a reason one can act on. */

import { fail, ok, type Result } from '../../core/result.ts';
import { PAGE_SIZE } from '../../platform/region.ts';
import type { DomainImage } from '../image/index.ts';
import type { CreateStep, Prepared } from './create-state.ts';
import type { BuildHost } from './host.ts';
import { listDomains } from './list.ts';
import { checkFree, serviceDomid } from './store.ts';
import { formatUuid } from './uuid.ts';

export function checkStep(vm: Prepared): CreateStep {
  return {
    id: 'check',
    title: `check that '${vm.spec.name}' is free and that its memory is there`,
    run: async (state) => {
      const { host } = state;
      const wanted = { name: vm.spec.name, uuid: vm.uuid };
      const free = await checkFree(host.xenstore, host.domainControl, wanted);
      if (!free.ok) return free;
      const twin = checkUuid(host, vm.uuid);
      if (!twin.ok) return twin;
      const hap = checkMemory(host, vm.image);
      if (!hap.ok) return hap;
      state.hap = hap.value;
      const store = await serviceDomid(host.xenstore, '/tool/xenstored/domid');
      if (!store.ok) return store;
      const console = await serviceDomid(host.xenstore, '/tool/xenconsoled/domid');
      if (!console.ok) return console;
      state.storeDomid = store.value;
      state.consoleDomid = console.value;
      return ok();
    },
  };
}

function checkUuid(host: BuildHost, uuid: string): Result<void> {
  const all = listDomains(host.domainControl);
  if (!all.ok) return all;
  const twin = all.value.find((info) => formatUuid(info.uuid) === uuid);
  return twin === undefined ? ok() : fail('EEXIST', `uuid ${uuid} is that of domain ${twin.domid}`);
}

/** What Xen itself takes for a domain beside its memory and its paging pool: vCPUs, tables. */
const XEN_OVERHEAD_KIB = 2048;

/** Whether the machine has hardware assisted paging; ENOMEM if the domain does not fit. */
export function checkMemory(
  host: Pick<BuildHost, 'domainControl'>,
  image: DomainImage,
): Result<boolean> {
  const info = host.domainControl.physInfo();
  if (!info.ok) return info;
  const { freePages, scrubPages, outstandingPages } = info.value;
  const freeKib = Math.max(0, freePages + scrubPages - outstandingPages) * (PAGE_SIZE / 1024);
  const neededKib =
    populatedKib(image) + Math.ceil(image.pagingMempoolBytes / 1024) + XEN_OVERHEAD_KIB;
  if (neededKib <= freeKib) return ok(info.value.hap);
  const mib = (kib: number): number => Math.floor(kib / 1024);
  return fail(
    'ENOMEM',
    `too little memory: the VM needs ${mib(neededKib + 1023)} MiB, ${mib(freeKib)} MiB are free`,
  );
}

export function populatedKib(image: DomainImage): number {
  return image.extents.reduce((sum, e) => sum + e.gfns.length * 2 ** e.order * 4, 0);
}
