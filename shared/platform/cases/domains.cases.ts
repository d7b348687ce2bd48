/** Cases: domains from their creation to their end. */

import { VIRQ_ENOMEM } from '../../abi/xen.ts';
import type { Domid } from '../../core/ids.ts';
import { type CaseContext, group } from './case.ts';
import { expectBytes, expectEqual, expectError, expectOk, expectThat, pattern } from './expect.ts';
import { createConfig, domainWithLimit, domainWithPages, emptyDomain, NOBODY } from './guest.ts';
import { eventually } from './wait.ts';

/** Nobody in dom0 binds it; a xenstored there has VIRQ_DOM_EXC. */
const UNUSED_VIRQ = VIRQ_ENOMEM;

function infoOf({ platform }: CaseContext, domid: Domid) {
  return expectOk(platform.domainControl.getInfo(domid), 'getInfo');
}

/** Free now or as soon as it is scrubbed. */
function unusedPages({ platform }: CaseContext): number {
  const info = expectOk(platform.domainControl.physInfo(), 'physInfo');
  return info.freePages + info.scrubPages;
}

function asBefore(ctx: CaseContext, before: number): boolean {
  const unused = unusedPages(ctx);
  return unused <= before && unused >= before - (ctx.slackPages ?? 0);
}

export const domainCases = group(
  'domains',
  {
    'the hypervisor says what it is': ({ platform: { domainControl } }) => {
      const version = expectOk(domainControl.version(), 'version');
      expectEqual(version.major, 4, 'major');
      expectThat(version.minor >= 17, `minor ${version.minor}`);
      expectThat(version.capabilities.includes('x86_64'), version.capabilities);
      expectThat(version.domctl >= 0x15 && version.sysctl >= 0x15, 'interface versions');
    },

    'the machine has memory and processors': (ctx) => {
      const info = expectOk(ctx.platform.domainControl.physInfo(), 'physInfo');
      expectThat(info.freePages > 0 && info.freePages < info.totalPages, `free ${info.freePages}`);
      expectThat(info.cpus >= 1 && info.cpuKhz > 0, `${info.cpus} at ${info.cpuKhz} kHz`);
      expectThat(info.hvm, 'no HVM');
    },

    'a new domain is paused, empty and what was asked for': (ctx) => {
      const guest = emptyDomain(ctx, { uuid: pattern(16, 3), maxVcpus: 3 });
      const info = infoOf(ctx, guest);
      expectEqual(info.domid, guest, 'domid');
      expectBytes(info.uuid, pattern(16, 3), 'uuid');
      expectThat(
        info.paused && info.hvm && !info.dying && !info.xsDomain,
        JSON.stringify(info, text),
      );
      expectThat(info.shutdown === undefined, 'it has shut down');
      expectEqual(info.onlineVcpus, 0, 'online vCPUs');
      expectThat(info.totalPages < 16, `pages ${info.totalPages}`);
    },

    'a domain can be given another uuid': (ctx) => {
      const { domainControl } = ctx.platform;
      const guest = emptyDomain(ctx, { uuid: pattern(16, 3) });
      expectOk(domainControl.setUuid(guest, pattern(16, 7)), 'setUuid');
      expectBytes(infoOf(ctx, guest).uuid, pattern(16, 7), 'uuid');
      expectError(domainControl.setUuid(NOBODY, pattern(16, 7)), 'nobody', 'ESRCH');
    },

    'a domain for xenstore says so, and can be given a virq': (ctx) => {
      const { domainControl } = ctx.platform;
      const store = emptyDomain(ctx, { xenstore: true });
      expectThat(infoOf(ctx, store).xsDomain, 'no xenstore domain');
      expectOk(domainControl.setVirqHandler(store, UNUSED_VIRQ), 'setVirqHandler');
      expectError(domainControl.setVirqHandler(store, 1000), 'a virq', 'EINVAL');
      expectError(domainControl.setVirqHandler(NOBODY, UNUSED_VIRQ), 'nobody', 'ESRCH');
      expectOk(domainControl.setVirqHandler(ctx.self, UNUSED_VIRQ), 'back');
    },

    'from 4.21 on a virq belongs to one domain at a time': (ctx) => {
      const { domainControl, events } = ctx.platform;
      const { minor } = expectOk(domainControl.version(), 'version');
      const store = emptyDomain(ctx, { xenstore: true });
      const bound = expectOk(events.bindVirq(UNUSED_VIRQ), 'bindVirq');
      const inUse = domainControl.setVirqHandler(store, UNUSED_VIRQ);
      if (minor >= 21) expectError(inUse, 'given away while it is bound', 'EBUSY');
      else expectOk(inUse, 'given away while it is bound');
      events.close(bound);
      expectOk(domainControl.setVirqHandler(store, UNUSED_VIRQ), 'given away');
      const others = events.bindVirq(UNUSED_VIRQ);
      if (others.ok) events.close(others.value);
      if (minor >= 21) expectError(others, "another domain's", 'EBUSY');
      else expectOk(others, "another domain's");
      expectOk(domainControl.setVirqHandler(ctx.self, UNUSED_VIRQ), 'back');
    },

    'from 4.21 on every domain has an id of its own': (ctx) => {
      const { domainControl } = ctx.platform;
      const { minor } = expectOk(domainControl.version(), 'version');
      const guests = [ctx.self, emptyDomain(ctx), emptyDomain(ctx)];
      if (minor < 21) {
        expectError(domainControl.uniqueId(ctx.self), 'uniqueId', 'ENOSYS');
        return;
      }
      const ids = guests.map((guest) => expectOk(domainControl.uniqueId(guest), 'uniqueId'));
      const again = guests.map((guest) => expectOk(domainControl.uniqueId(guest), 'uniqueId'));
      expectEqual(new Set(ids).size, guests.length, 'different ids');
      expectEqual(again.join(), ids.join(), 'the ids a second time');
      expectError(domainControl.uniqueId(NOBODY), 'uniqueId of nobody', 'ESRCH');
    },

    'a domain without vCPUs is refused': (ctx) => {
      const config = createConfig(ctx, { maxVcpus: 0 });
      expectError(ctx.platform.domainControl.createDomain(config), 'createDomain', 'EINVAL');
    },

    'domains are listed in the order of their domids': (ctx) => {
      const { domainControl } = ctx.platform;
      const guests = [emptyDomain(ctx), emptyDomain(ctx), emptyDomain(ctx)];
      const all = expectOk(domainControl.listInfo(0, 1000), 'listInfo').map((info) => info.domid);
      const sorted = [...all].sort((a, b) => a - b);
      expectEqual(all.join(), sorted.join(), 'order');
      for (const guest of [ctx.self, ...guests]) {
        expectThat(all.includes(guest), `domain ${guest} is not listed`);
      }
      const last = Math.max(...guests);
      const rest = expectOk(domainControl.listInfo(last, 1000), 'listInfo').map((d) => d.domid);
      expectEqual(rest.join(), all.filter((d) => d >= last).join(), `from ${last} on`);
      expectEqual(expectOk(domainControl.listInfo(0, 2), 'listInfo').length, 2, 'two at most');
      expectEqual(expectOk(domainControl.listInfo(32_000, 9), 'listInfo').length, 0, 'behind all');
    },

    'a domain gets as many vCPUs as it was created for': (ctx) => {
      const { domainControl } = ctx.platform;
      const guest = emptyDomain(ctx, { maxVcpus: 3 });
      expectError(domainControl.maxVcpus(guest, 2), 'fewer', 'EINVAL');
      expectError(domainControl.maxVcpus(guest, 4), 'more', 'EINVAL');
      expectOk(domainControl.maxVcpus(guest, 3), 'maxVcpus');
      expectEqual(infoOf(ctx, guest).maxVcpuId, 2, 'highest vCPU');
    },

    'pausing is counted': (ctx) => {
      const { domainControl } = ctx.platform;
      const guest = domainWithPages(ctx, 16);
      expectOk(domainControl.pause(guest), 'pause');
      expectOk(domainControl.unpause(guest), 'unpause');
      expectEqual(infoOf(ctx, guest).paused, true, 'paused after one of two');
      expectOk(domainControl.unpause(guest), 'unpause');
      expectEqual(infoOf(ctx, guest).paused, false, 'paused after two of two');
      expectError(domainControl.unpause(guest), 'unpause once more', 'EINVAL');
    },

    'ports are allocated for a domain and bound by the remote one': (ctx) => {
      const { domainControl, events } = ctx.platform;
      const guest = emptyDomain(ctx);
      const ports = [1, 2].map(() =>
        expectOk(domainControl.allocUnbound(guest, ctx.self), 'alloc'),
      );
      expectEqual(ports.join(), '1,2', 'ports of a new domain');
      const bound = expectOk(events.bindInterdomain(guest, ports[0]!), 'bindInterdomain');
      ctx.defer(() => events.close(bound));
      expectError(events.bindInterdomain(guest, ports[0]!), 'bind again', 'EINVAL');
      const others = expectOk(domainControl.allocUnbound(guest, NOBODY), 'allocUnbound');
      expectError(events.bindInterdomain(guest, others), 'port for another', 'EINVAL');
    },

    'a channel outlives the domain at its other end': async (ctx) => {
      const { domainControl, events, clock } = ctx.platform;
      const guest = emptyDomain(ctx);
      const theirs = expectOk(domainControl.allocUnbound(guest, ctx.self), 'allocUnbound');
      const ours = expectOk(events.bindInterdomain(guest, theirs), 'bindInterdomain');
      expectOk(domainControl.destroyDomain(guest), 'destroyDomain');
      events.notify(ours);
      await clock.sleep(5);
      events.close(ours);
    },

    'destroying a domain frees all that it had': async (ctx) => {
      const { domainControl, clock } = ctx.platform;
      const before = unusedPages(ctx);
      const guest = domainWithPages(ctx, 600);
      expectThat(unusedPages(ctx) <= before - 600, 'its pages came from nowhere');
      expectOk(domainControl.destroyDomain(guest), 'destroyDomain');
      expectError(domainControl.getInfo(guest), 'getInfo', 'ESRCH');
      expectError(domainControl.destroyDomain(guest), 'destroyDomain again', 'ESRCH');
      await eventually(clock, () => asBefore(ctx, before), 'free memory as before');
    },

    'a domain whose page is mapped is dying until the page is let go': async (ctx) => {
      const { domainControl, memory, clock } = ctx.platform;
      const guest = domainWithPages(ctx, 16);
      const region = expectOk(memory.mapForeign(guest, [3]), 'mapForeign');
      region.bytes[0] = 7;
      expectOk(domainControl.destroyDomain(guest), 'destroyDomain');
      const info = domainControl.getInfo(guest);
      const [dying, kept] = [info.ok && info.value.dying, region.bytes[0]];
      memory.unmap(region);
      expectEqual(dying, true, 'dying');
      expectEqual(kept, 7, 'the mapped page');
      await eventually(clock, () => !domainControl.getInfo(guest).ok, 'the domain is gone');
    },

    'twenty domains come and go': async (ctx) => {
      const { domainControl, clock } = ctx.platform;
      const before = unusedPages(ctx);
      const domids = new Set<number>();
      for (let round = 0; round < 20; round++) {
        const guest = domainWithPages(ctx, 64);
        domids.add(guest);
        expectOk(domainControl.destroyDomain(guest), 'destroyDomain');
      }
      expectEqual(domids.size, 20, 'domids, none used twice in a row');
      await eventually(clock, () => asBefore(ctx, before), 'free memory as before');
    },

    'no call works on a domain that is not there': ({ platform: { domainControl: dc }, self }) => {
      const calls: [string, { ok: boolean }][] = [
        ['destroyDomain', dc.destroyDomain(NOBODY)],
        ['pause', dc.pause(NOBODY)],
        ['unpause', dc.unpause(NOBODY)],
        ['maxVcpus', dc.maxVcpus(NOBODY, 1)],
        ['setMaxMem', dc.setMaxMem(NOBODY, 4096)],
        ['setPagingMempool', dc.setPagingMempool(NOBODY, 1 << 20)],
        ['getInfo', dc.getInfo(NOBODY)],
        ['populatePhysmap', dc.populatePhysmap(NOBODY, [0], 0)],
        ['setMemoryMap', dc.setMemoryMap(NOBODY, [{ start: 0, bytes: 4096, type: 1 }])],
        ['setHvmParam', dc.setHvmParam(NOBODY, 1, 1n)],
        ['getHvmParam', dc.getHvmParam(NOBODY, 1)],
        ['getHvmContext', dc.getHvmContext(NOBODY)],
        ['setHvmContext', dc.setHvmContext(NOBODY, new Uint8Array(48))],
        ['allocUnbound', dc.allocUnbound(NOBODY, self)],
      ];
      for (const [name, result] of calls) expectError(result as never, name, 'ESRCH');
    },
  },
  ['control'],
);

export const populateCases = group(
  'populating',
  {
    'extents of 4 KiB and 2 MiB are counted in pages': (ctx) => {
      const { domainControl } = ctx.platform;
      const guest = domainWithLimit(ctx, 16 << 10);
      const before = infoOf(ctx, guest).totalPages;
      const small = domainControl.populatePhysmap(guest, [0, 1, 2, 7], 0);
      expectEqual(expectOk(small, 'order 0'), 4, 'extents of order 0');
      const large = domainControl.populatePhysmap(guest, [512, 1024], 9);
      expectEqual(expectOk(large, 'order 9'), 2, 'extents of order 9');
      expectEqual(infoOf(ctx, guest).totalPages - before, 4 + 1024, 'pages');
    },

    'an extent of 1 GiB is given or refused whole': (ctx) => {
      const { domainControl } = ctx.platform;
      const guest = domainWithLimit(ctx, 2 << 20);
      const before = infoOf(ctx, guest).totalPages;
      const done = expectOk(domainControl.populatePhysmap(guest, [1 << 18], 18), 'order 18');
      expectThat(done === 0 || done === 1, `extents ${done}`);
      expectEqual(infoOf(ctx, guest).totalPages - before, done << 18, 'pages');
    },

    'a domain gets no more than its limit': (ctx) => {
      const { domainControl } = ctx.platform;
      const guest = domainWithLimit(ctx, 1024);
      const gfns = Array.from({ length: 300 }, (_, i) => i);
      const done = expectOk(domainControl.populatePhysmap(guest, gfns, 0), 'populatePhysmap');
      expectThat(done > 200 && done <= 256, `${done} of 300 within 256`);
      const info = infoOf(ctx, guest);
      expectEqual(info.maxPages, 256, 'limit');
      expectEqual(info.totalPages, 256, 'pages');
    },

    'a higher limit takes effect': (ctx) => {
      const { domainControl } = ctx.platform;
      const guest = domainWithLimit(ctx, 400);
      const gfns = Array.from({ length: 150 }, (_, i) => i);
      const done = expectOk(domainControl.populatePhysmap(guest, gfns, 0), 'populatePhysmap');
      expectThat(done <= 100, `${done} within 100`);
      expectOk(domainControl.setMaxMem(guest, 800), 'setMaxMem');
      const rest = gfns.slice(done);
      const more = expectOk(domainControl.populatePhysmap(guest, rest, 0), 'populatePhysmap');
      expectEqual(done + more, 150, 'pages');
    },

    'a memory map is taken': (ctx) => {
      const { domainControl } = ctx.platform;
      const guest = domainWithLimit(ctx, 1024);
      const map = [
        { start: 0, bytes: 0xf000_0000, type: 1 },
        { start: 0xfc00_0000, bytes: 0x1000_0000, type: 2 },
        { start: 0x1_0000_0000, bytes: 0x2_0000_0000, type: 1 },
      ] as const;
      expectOk(domainControl.setMemoryMap(guest, map), 'setMemoryMap');
    },
  },
  ['control'],
);

function text(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
