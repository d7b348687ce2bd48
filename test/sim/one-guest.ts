/**
 * A daemon that serves one guest's ring, over a hypervisor that does nothing: for what is asked of
 * the ring alone, in memory that both ends see at once.
 */

import type { Connection } from '../../services/xenstored/core/connection.ts';
import type { CreatePathCache } from '../../services/xenstored/core/path-cache.ts';
import { createXenstored, type Xenstored } from '../../services/xenstored/service.ts';
import type { XenPorts } from '../../services/xenstored/xen-host.ts';
import { domid } from '../../shared/core/ids.ts';
import { fail, must, ok } from '../../shared/core/result.ts';
import type { DomainInfo } from '../../shared/platform/domain-control.ts';
import type { Region } from '../../shared/platform/region.ts';
import { events } from '../../shared/platform/stubdom/events.ts';
import type { Kernel } from '../../shared/platform/stubdom/kernel.ts';

/** The daemon's end of the guest's event channel: the virq has the first. */
const PORT = 2;
/** Where a domain that Xen built says its port (services/xenstored/found.ts). */
const PORT_WORD = 2076 / 4;

const INFO: DomainInfo = {
  ...{ domid: domid(1), uuid: new Uint8Array(16), dying: false, paused: false, blocked: true },
  ...{ running: false, hvm: true, hap: true, xsDomain: false, totalPages: 0, maxPages: 0 },
  ...{ outstandingPages: 0, onlineVcpus: 1, maxVcpuId: 0, cpuTimeNs: 0n },
};

function createRegion(): Region {
  const memory = new ArrayBuffer(4096);
  const words = new Int32Array(memory);
  words[PORT_WORD] = 1;
  return { bytes: new Uint8Array(memory), words };
}

function createXen(region: Region) {
  let next = 1;
  const bind = (): number => next++;
  const kernel: Pick<Kernel, 'bindInterdomain' | 'bindVirq' | 'notify' | 'unmask' | 'ports'> = {
    bindInterdomain: bind,
    bindVirq: bind,
    notify: () => {},
    unmask: () => {},
    ports: new Uint32Array([PORT]),
  };
  const port = events(kernel as Kernel);
  const grants: XenPorts['grants'] = {
    map: () => ok(region),
    unmap: () => {},
    offer: () => fail('ENOSYS', 'nothing is offered'),
    revoke: () => {},
    batch: () => fail('ENOSYS', 'nothing is copied'),
  };
  const domainControl: XenPorts['domainControl'] = {
    getInfo: () => ok(INFO),
    listInfo: () => ok([INFO]),
    getHvmParam: () => ok(0n),
  };
  return { events: port, grants, domainControl };
}

export interface OneGuest {
  readonly daemon: Xenstored;
  /** The daemon's end of the ring. */
  readonly guest: Connection;
  readonly region: Region;
  /** The guest's event comes; what waits for its turn is served when promises are settled. */
  event(): void;
}

export function oneGuest(createPaths?: CreatePathCache): OneGuest {
  const region = createRegion();
  const xen = createXen(region);
  const clock = { nowMs: () => 0, wallMs: () => 0, sleep: async () => {}, after: () => () => {} };
  const daemon = createXenstored(
    {
      ...{ clock, xen, report: () => {}, hasRoom: () => true, control: () => ok() },
      soon: (run: () => void) => void Promise.resolve().then(run),
    },
    createPaths === undefined ? {} : { createPaths },
  );
  must(daemon.start(undefined));
  const guest = [...daemon.store.state.connections].find((each) => each.domid === INFO.domid);
  if (guest === undefined) throw new Error('the guest was not found');
  return { daemon, guest, region, event: () => xen.events.deliver(1) };
}
