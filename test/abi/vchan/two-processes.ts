/** Ports of this process for a vchan with a C program, over a file of pages and a socket. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Gref, gref, port } from '../../../shared/core/ids.ts';
import { must, ok } from '../../../shared/core/result.ts';
import type { Events } from '../../../shared/platform/events.ts';
import type { Grants } from '../../../shared/platform/grants.ts';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';
import { libc, PROT_READ, PROT_WRITE } from '../../../shared/platform/unix/libraries.ts';
import { Regions } from '../../../shared/platform/unix/regions.ts';
import { xenHeaders } from '../headers.ts';

/** As in shims.h. */
const FIRST_REFERENCE = 100;
const MAP_SHARED = 1;
/** Room for two servers with the largest rings. */
const PAGES = 1100;
const OUR_FIRST_PAGE = 550;

/** The program, linked with Xen's own library and what stands for all others. */
export async function compilePeer(work: string): Promise<string> {
  const include = await xenHeaders('bookworm');
  const library = join(include, '../lib/x86_64-linux-gnu/libxenvchan.a');
  const sources = ['peer.c', 'shims.c'].map((name) => join(import.meta.dirname, name));
  const program = join(work, 'peer');
  await execa('gcc', [
    '-O1',
    '-std=gnu11',
    '-w',
    `-I${include}`,
    ...sources,
    library,
    '-o',
    program,
  ]);
  return program;
}

/** What is needed of the socket that carries events. */
interface EventSocket {
  write(text: string): void;
  on(event: 'data', heard: () => void): void;
}

/** Our ends of the socket and of the file; references are numbers of its pages. */
function portsOver(socket: EventSocket, fd: number): { events: Events; grants: Grants } {
  const { mmap, munmap } = must(libc());
  const regions = new Regions();
  let nextPage = OUR_FIRST_PAGE;
  const mapped = (page: number, pages: number, access: 'ro' | 'rw') => {
    const prot = access === 'rw' ? PROT_READ | PROT_WRITE : PROT_READ;
    const address = mmap(0, pages * PAGE_SIZE, prot, MAP_SHARED, fd, page * PAGE_SIZE);
    return regions.add({ address, pages });
  };
  const unmap: Grants['unmap'] = (region) => {
    const { address, pages } = regions.remove(region);
    munmap(address, pages * PAGE_SIZE);
  };
  const refused = () => {
    throw new Error('no vchan asks for this');
  };
  return {
    events: {
      allocUnbound: () => ok(port(9)),
      bindInterdomain: () => ok(port(9)),
      bindVirq: refused,
      notify: () => void socket.write('e'),
      unmask: () => {},
      close: () => {},
      listen: (_, heard) => void socket.on('data', heard),
    },
    grants: {
      offer: (_remote, count) => {
        const first = nextPage;
        nextPage += count;
        const grefs = Array.from({ length: count }, (_, i) => gref(FIRST_REFERENCE + first + i));
        return ok({ region: mapped(first, count, 'rw'), grefs });
      },
      revoke: ({ region }) => unmap(region),
      map: (_owner, grefs, access) =>
        ok(mapped((grefs[0] as Gref) - FIRST_REFERENCE, grefs.length, access)),
      unmap,
      batch: refused,
    },
  };
}

export interface Neighbour {
  /** Where the keys are, as files. */
  readonly path: string;
  readonly ports: { readonly events: Events; readonly grants: Grants };
  /** Starts the program; gives the line that it says once it has a vchan. */
  start(args: (path: string) => readonly string[]): Promise<string>;
  /** How it ended. */
  exited(): Promise<number | null>;
  close(): void;
}

/** A pair of sockets that the program inherits comes with its start: until then events are kept. */
export function openNeighbour(program: string): Neighbour {
  const path = mkdtempSync(join(tmpdir(), 'xtl-vchan-'));
  const fd = openSync(join(path, 'pages'), 'w+');
  ftruncateSync(fd, PAGES * PAGE_SIZE);
  let child: ChildProcess | undefined;
  const early: string[] = [];
  const heards: (() => void)[] = [];
  const lazy: EventSocket = {
    write: (text) => {
      const socket = child?.stdio[3] as Socket | undefined;
      if (socket === undefined) early.push(text);
      else socket.write(text);
    },
    on: (_, heard) => {
      const socket = child?.stdio[3] as Socket | undefined;
      if (socket === undefined) heards.push(heard);
      else socket.on('data', heard);
    },
  };
  return {
    path,
    ports: portsOver(lazy, fd),
    start: (args) => {
      const started = spawn(program, args(path), {
        stdio: ['ignore', 'pipe', 'inherit', 'pipe', fd],
      });
      child = started;
      const socket = started.stdio[3] as Socket;
      socket.on('error', () => {});
      for (const heard of heards) socket.on('data', heard);
      for (const text of early) socket.write(text);
      return new Promise((resolve, reject) => {
        started.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
        started.once('exit', (code) => reject(new Error(`the program ended with ${code}`)));
      });
    },
    exited: () =>
      new Promise((resolve) => {
        if (child === undefined || child.exitCode !== null) resolve(child?.exitCode ?? null);
        else child.once('exit', resolve);
      }),
    close: () => {
      child?.kill('SIGKILL');
      closeSync(fd);
      rmSync(path, { recursive: true });
    },
  };
}
