/** What a domain does to its ring while it is being served, in memory that both see at once. */

import { expect, it } from 'vitest';
import { XS_DIRECTORY } from '../../shared/abi/xs-wire.ts';
import { domid, type Port, port } from '../../shared/core/ids.ts';
import { fail, must, ok } from '../../shared/core/result.ts';
import type { DomainInfo } from '../../shared/platform/domain-control.ts';
import type { Events } from '../../shared/platform/events.ts';
import {
  ringReady,
  writeRing,
  XENSTORE_REPLIES,
  XENSTORE_REQUESTS,
} from '../../shared/ring/byte-ring.ts';
import { encodePacket } from '../../shared/xenstore/wire.ts';
import { createXenstored } from './service.ts';

const INFO: DomainInfo = {
  ...{ domid: domid(1), uuid: new Uint8Array(16), dying: false, paused: false, blocked: true },
  ...{ running: false, hvm: true, hap: true, xsDomain: false, totalPages: 0, maxPages: 0 },
  ...{ outstandingPages: 0, onlineVcpus: 1, maxVcpuId: 0, cpuTimeNs: 0n },
};
/** Where a domain that Xen built says its port (found.ts). */
const EVTCHN_PORT_WORD = 2076 / 4;
const REQUEST = encodePacket(XS_DIRECTORY, 0, 0, '/\0');
/** A header, EACCES and a NUL. */
const REPLY_BYTES = 23;

async function guestOf() {
  const memory = new ArrayBuffer(4096);
  const region = { bytes: new Uint8Array(memory), words: new Int32Array(memory) };
  region.words[EVTCHN_PORT_WORD] = 9;
  const heard = new Map<Port, () => void>();
  let next = 1;
  const bind = () => ok(port(next++));
  const events: Events = {
    ...{ allocUnbound: bind, bindInterdomain: bind, bindVirq: bind },
    ...{ notify: () => {}, unmask: () => {}, close: () => {} },
    listen: (which, call) => void heard.set(which, call),
  };
  const daemon = createXenstored(
    {
      clock: { nowMs: () => 0, wallMs: () => 0, sleep: async () => {}, after: () => () => {} },
      xen: {
        events,
        grants: {
          ...{ map: () => ok(region), unmap: () => {}, revoke: () => {}, copy: () => [] },
          offer: () => fail('ENOSYS', 'nothing is offered'),
        },
        domainControl: {
          ...{ getInfo: () => ok(INFO), listInfo: () => ok([INFO]), getHvmParam: () => ok(0n) },
        },
      },
      soon: (run) => void Promise.resolve().then(run),
      ...{ report: () => {}, control: () => ok() },
    },
    {},
  );
  must(daemon.start(undefined));
  await undefined;
  const put = (): void => {
    writeRing(region, XENSTORE_REQUESTS, REQUEST, 0, REQUEST.length);
  };
  // The virq has the first port.
  return { daemon, put, event: () => heard.get(port(2))?.(), region };
}

// xb_write in Linux's xenbus_comms.c @ v6.1: an event only if all before it had been taken.
it('answers what is put behind a request that is being taken, without an event', async () => {
  const { daemon, put, event, region } = await guestOf();
  let more = 3;
  daemon.tap.show(() => {
    if (more-- > 0) put();
  });
  put();
  event();
  await undefined;
  expect(ringReady(region, XENSTORE_REQUESTS)).toBe(0);
  expect(ringReady(region, XENSTORE_REPLIES)).toBe(4 * REPLY_BYTES);
});
