/** Requests through a guest's ring: the whole service, over a kernel that does nothing. */

import type { CreatePathCache } from '../../../services/xenstored/core/path-cache.ts';
import { createXenstored } from '../../../services/xenstored/service.ts';
import type { XenPorts } from '../../../services/xenstored/xen-host.ts';
import { XS_READ } from '../../../shared/abi/xs-wire.ts';
import { domid } from '../../../shared/core/ids.ts';
import { fail, must, ok } from '../../../shared/core/result.ts';
import { toLatin1 } from '../../../shared/core/text.ts';
import type { DomainInfo } from '../../../shared/platform/domain-control.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { events } from '../../../shared/platform/stubdom/events.ts';
import type { Kernel } from '../../../shared/platform/stubdom/kernel.ts';
import { writeRing, XENSTORE_REPLIES, XENSTORE_REQUESTS } from '../../../shared/ring/byte-ring.ts';
import { encodePacket } from '../../../shared/xenstore/wire.ts';
import { fill, PATHS, type World } from './core-rows.ts';

/** A guest asks for the same few nodes again and again. */
const ASKED = 16;
/** The daemon's end of the guest's event channel: the virq has the first. */
const PORT = 2;

function createRegion(): Region {
  const memory = new ArrayBuffer(4096);
  const words = new Int32Array(memory);
  // The port that Xen's own builder would have written there.
  words[2076 / 4] = 1;
  return { bytes: new Uint8Array(memory), words };
}

const INFO: DomainInfo = {
  ...{ domid: domid(1), uuid: new Uint8Array(16), dying: false, paused: false, blocked: true },
  ...{ running: false, hvm: true, hap: true, xsDomain: false, totalPages: 0, maxPages: 0 },
  ...{ outstandingPages: 0, onlineVcpus: 1, maxVcpuId: 0, cpuTimeNs: 0n },
};

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
    copy: () => [],
  };
  const domainControl: XenPorts['domainControl'] = {
    getInfo: () => ok(INFO),
    listInfo: () => ok([INFO]),
    getHvmParam: () => ok(0n),
  };
  return { events: port, grants, domainControl };
}

export function ringRows(
  createPaths: CreatePathCache | undefined,
): Readonly<Record<string, (requests: number) => Promise<void>>> {
  const region = createRegion();
  const xen = createXen(region);
  const clock = { nowMs: () => 0, wallMs: () => 0, sleep: async () => {}, after: () => () => {} };
  const daemon = createXenstored(
    {
      ...{
        clock,
        xen,
        soon: (run: () => void) => void Promise.resolve().then(run),
        report: () => {},
        hasRoom: () => true,
      },
      control: () => ok(),
    },
    createPaths === undefined ? {} : { createPaths },
  );
  must(daemon.start(undefined));
  const { store } = daemon;
  const guest = [...store.state.connections].find((each) => each.domid === INFO.domid);
  if (guest === undefined) throw new Error('the guest was not found');
  const ask: World['ask'] = (by, type, payload) =>
    store.handle(by, type, 7, 0, payload, 0, payload.length);
  fill({ dom0: store.dom0, guest, ask });
  const packets = PATHS.slice(0, ASKED).map((path) =>
    encodePacket(XS_READ, 7, 0, toLatin1(`${path}\0`)),
  );
  const { words } = region;
  const round = async (requests: number): Promise<void> => {
    for (let i = 0; i < requests; i++) {
      const packet = packets[i % ASKED] as Uint8Array;
      writeRing(region, XENSTORE_REQUESTS, packet, 0, packet.length);
      xen.events.deliver(1);
      // The daemon's turn.
      await undefined;
      const answered = words[XENSTORE_REPLIES.prodWord] as number;
      if (answered === words[XENSTORE_REPLIES.consWord]) throw new Error('no answer');
      words[XENSTORE_REPLIES.consWord] = answered;
    }
  };
  return { 'ring-core': round };
}
