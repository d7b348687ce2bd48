/** Runs Xen's own xenstored, C or OCaml, on a machine without Xen: an oracle and a baseline. */

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { type PeerTree, peerTree } from './packages.ts';

export type PeerKind = 'c' | 'ocaml';

export interface Peer {
  readonly tree: PeerTree;
  /** Where dom0's tools connect. */
  readonly socket: string;
  readonly pid: number;
  /** Tells the stand-in for the hypervisor about a domain. */
  tell(what: 'exist' | 'shutdown' | 'die', domid: number): Promise<void>;
  /** The guest's side of a domain's ring; the domain must have been introduced. */
  ring(domid: number): Promise<Socket>;
  /** Why the daemon ended, if it has. */
  ended(): string | undefined;
  stop(): Promise<void>;
}

const START_MS = 10_000;

async function appears(path: string, ended: () => string | undefined): Promise<void> {
  const give = Date.now() + START_MS;
  while (!existsSync(path)) {
    const why = ended();
    if (why !== undefined) throw new Error(`the peer ended: ${why}`);
    if (Date.now() > give) throw new Error(`no ${path} after ${START_MS} ms`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

/** Connects, sends a line, and resolves once it is answered with `ok`. */
function order(path: string, line: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let heard = '';
    const hear = (data: Buffer): void => {
      heard += data.toString();
      if (heard !== 'ok\n') return;
      socket.off('data', hear);
      socket.off('close', refuse);
      resolve(socket);
    };
    const refuse = (): void => reject(new Error(`the peer refuses '${line}'`));
    socket.on('error', reject);
    socket.on('close', refuse);
    socket.on('data', hear);
    socket.write(`${line}\n`);
  });
}

/**
 * What runs the daemon: the OCaml one has fixed paths, which a mount namespace of its own gives
 * it.
 */
function commandOf(kind: PeerKind, tree: PeerTree, dir: string): [string, string[]] {
  if (kind === 'c') return [join(tree.programs, 'xenstored'), ['-N', '-I']];
  const script = [
    'mkdir -p /run/xenstored /var/lib/xenstored /var/log/xen /run/xen',
    `mount --bind '${dir}' /run/xenstored`,
    'mount -t tmpfs peer /var/lib/xenstored',
    'mount -t tmpfs peer /var/log/xen',
    `LD_PRELOAD='${tree.hypervisor}' exec '${join(tree.programs, 'oxenstored')}' --no-fork`,
  ].join(' && ');
  return ['unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script]];
}

/** Starts a daemon and resolves once its socket is there. The OCaml one needs root. */
export async function startPeer(kind: PeerKind): Promise<Peer> {
  const tree = await peerTree();
  const dir = await mkdtemp(join(tmpdir(), 'xtl-peer-'));
  const guests = join(dir, 'guests');
  const [command, args] = commandOf(kind, tree, dir);
  const child = execa(command, args, {
    env: {
      LD_LIBRARY_PATH: tree.libraries,
      ...(kind === 'c' ? { LD_PRELOAD: tree.hypervisor } : {}),
      PEER_GUESTS: guests,
      XENSTORED_RUNDIR: dir,
    },
    reject: false,
    all: true,
    buffer: true,
  });
  let why: string | undefined;
  void child.then((result) => {
    why = `${result.shortMessage ?? 'exit 0'} ${result.all ?? ''}`;
  });
  const socket = join(dir, 'socket');
  for (const path of [socket, guests]) await appears(path, () => why);
  return {
    tree,
    socket,
    pid: child.pid ?? 0,
    tell: async (what, domid) => {
      (await order(guests, `${what} ${domid}`)).destroy();
    },
    ring: (domid) => order(guests, `ring ${domid}`),
    ended: () => why,
    stop: async () => {
      child.kill();
      await child;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
