/** A simulated host whose dom0 runs our xenstored: tools on sockets, guests on rings. */

import type { StoreOptions } from '../../services/xenstored/core/state.ts';
import { createXenstored, type Xenstored } from '../../services/xenstored/service.ts';
import type { Stream, StreamOwner } from '../../services/xenstored/stream.ts';
import { GTF_permit_access } from '../../shared/abi/grant-table.ts';
import { DOM0, type Domid, gfn, type Port } from '../../shared/core/ids.ts';
import { must, ok } from '../../shared/core/result.ts';
import type { Region } from '../../shared/platform/region.ts';
import { pipe } from '../../shared/platform/sim/pipe.ts';
import { createSim, type Sim, type SimOptions } from '../../shared/platform/sim/sim.ts';
import type { XenstoreTransport } from '../../shared/platform/xenstore.ts';
import { type XenstoreLink, xenstoreLink } from '../../shared/ring/xenstore-ring.ts';
import { createXenstoreClient, type XenstoreClient } from '../../shared/xenstore/client.ts';

/** Where a guest's page lies, of its 256. */
const STORE_GFN = 255;
const XENSTORE_GREF = 1;

export interface Guest {
  readonly domid: Domid;
  /** The guest's end of the channel. */
  readonly port: Port;
  /** The page, as the guest sees it. */
  readonly page: Region;
  /** A stream of its own over the ring: only one at a time. */
  stream(): XenstoreTransport;
  /** The same for who connects again. */
  link(): XenstoreLink;
  /** A client over such a stream. */
  client(): XenstoreClient;
  notify(): void;
}

export interface SimXenstored {
  readonly sim: Sim;
  readonly daemon: Xenstored;
  /** The daemon is killed. */
  kill(): void;
  /** The same, if it lives, and after a while there is another one, which knows nothing. */
  restart(awayMs: number): Promise<void>;
  /** dom0's tools. */
  readonly tools: XenstoreClient;
  /** Lines that the daemon reported. */
  readonly lines: string[];
  /** A connected tool more. */
  connect(): XenstoreClient;
  /** The client's end of a socket. */
  stream(): XenstoreTransport;
  /** A running domain whose ring is ready, not introduced. */
  addDomain(): Guest;
  /** The same, introduced. */
  addGuest(): Promise<Guest>;
  introduce(guest: Guest): Promise<void>;
  /** The domain's home, which it may write to, as a toolstack makes it. */
  makeHome(guest: Guest): Promise<void>;
}

/** The daemon's end of a pipe: what has come waits until it is read. */
function served(transport: XenstoreTransport, accept: (stream: Stream) => StreamOwner): void {
  let waiting: Uint8Array[] = [];
  let ended = false;
  const stream: Stream = {
    read: (into) => {
      const first = waiting[0];
      if (first === undefined) return ended ? -1 : 0;
      const count = Math.min(first.length, into.length);
      into.set(first.subarray(0, count));
      if (count === first.length) waiting.shift();
      else waiting[0] = first.subarray(count);
      return count;
    },
    write: (bytes, size) => {
      transport.write(bytes.slice(0, size));
      return size;
    },
    want: () => {},
    close: () => {
      waiting = [];
      ended = true;
      transport.close();
    },
  };
  const owner = accept(stream);
  const readAll = (): void => {
    while (waiting.length > 0) owner.readable();
  };
  transport.receive(
    (bytes) => {
      waiting.push(bytes);
      readAll();
    },
    () => {
      if (ended) return;
      ended = true;
      owner.readable();
    },
  );
}

/** What a toolstack does: the page is granted to dom0 by the reserved reference. */
function grantStorePage({ dom0 }: Sim, domid: Domid): void {
  const table = must(dom0.memory.mapGrantTable(domid, 0, 1));
  const at = XENSTORE_GREF * 8;
  const entry = new DataView(new ArrayBuffer(8));
  entry.setUint16(0, GTF_permit_access, true);
  entry.setUint16(2, DOM0, true);
  entry.setUint32(4, STORE_GFN, true);
  table.bytes.set(new Uint8Array(entry.buffer), at);
  dom0.memory.unmap(table);
}

/** A running domain whose ring is ready. */
function newDomain(sim: Sim): Guest {
  const domid = sim.addGuest();
  grantStorePage(sim, domid);
  const port = must(sim.dom0.domainControl.allocUnbound(domid, DOM0));
  const { events, memory, clock } = sim.platform(domid);
  const page = must(memory.mapForeign(domid, [gfn(STORE_GFN)]));
  let made: XenstoreLink | undefined;
  const link = (): XenstoreLink => {
    made ??= xenstoreLink({ events, region: page, port }, clock);
    return made;
  };
  return {
    ...{ domid, port, page, link },
    stream: () => link().open(),
    client: () => createXenstoreClient(link().open()),
    notify: () => events.notify(port),
  };
}

function daemonOf({ dom0 }: Sim, lines: string[], options: Omit<StoreOptions, 'host'>): Xenstored {
  const { clock } = dom0;
  const parts = {
    ...{ clock, xen: dom0, control: () => ok() },
    soon: (run: () => void) => void clock.after(0, run),
    report: (line: string) => void lines.push(line),
  };
  return createXenstored(parts, options);
}

export function createSimXenstored(
  simOptions: Partial<SimOptions> = {},
  storeOptions: Omit<StoreOptions, 'host'> = {},
): SimXenstored {
  const sim = createSim({ seed: 1, ...simOptions });
  const { clock } = sim.dom0;
  const lines: string[] = [];
  const makeDaemon = (): Xenstored => daemonOf(sim, lines, storeOptions);
  let daemon = makeDaemon();
  let isAlive = true;
  const kill = (): void => {
    if (isAlive) daemon.stop();
    isAlive = false;
  };
  let seed = simOptions.seed ?? 1;
  const stream = (): XenstoreTransport => {
    const { client, server } = pipe({ clock, seed: ++seed, maxChunk: 4096, maxDelayMs: 0.05 });
    served(server, (stream) => daemon.accept(stream));
    return client;
  };
  const connect = (): XenstoreClient => createXenstoreClient(stream());
  const tools = connect();

  const addDomain = (): Guest => newDomain(sim);
  const introduce = async ({ domid, port }: Guest): Promise<void> => {
    must(await sim.run(tools.introduce(domid, STORE_GFN, port)));
  };
  const makeHome = async ({ domid }: Guest): Promise<void> => {
    const permissions = [{ domid, access: 'n' }] as const;
    const home = { path: `/local/domain/${domid}`, value: '', permissions };
    must(await sim.run(tools.writeAll([home])));
  };
  return {
    sim,
    get daemon() {
      return daemon;
    },
    kill,
    restart: async (awayMs) => {
      kill();
      await sim.advance(awayMs);
      daemon = makeDaemon();
      isAlive = true;
      must(daemon.start(undefined));
    },
    tools,
    lines,
    connect,
    stream,
    addDomain,
    introduce,
    makeHome,
    addGuest: async () => {
      const guest = addDomain();
      await introduce(guest);
      await makeHome(guest);
      return guest;
    },
  };
}
