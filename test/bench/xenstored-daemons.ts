/** The daemons of a benchmark, each on a socket of its own: ours as it is built, and Xen's two. */

import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { repoRoot } from '../lab/paths.ts';
import { startPeer } from '../peers/xenstored.ts';

export const KINDS = ['ours', 'c', 'ocaml'] as const;

/** `beside` is another build of ours. */
export type Kind = (typeof KINDS)[number] | 'beside';

export interface Daemon {
  readonly kind: Kind;
  readonly socket: string;
  readonly pid: number;
  /** Resident memory now, in KiB. */
  rssKib(): number;
  stop(): Promise<void>;
}

const START_MS = 10_000;

function rssKib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}

type Process = Omit<Daemon, 'kind' | 'rssKib'>;

const OURS = join(repoRoot, 'build/xtl/xenstored.mjs');

async function startOurs(program: string): Promise<Process> {
  const dir = await mkdtemp(join(tmpdir(), 'xtl-bench-'));
  const socket = join(dir, 'socket');
  const child = execa(process.execPath, [program, '--no-fork', '--no-domain-init'], {
    env: { XENSTORED_RUNDIR: dir, XENSTORED_PATH: '' },
    reject: false,
    all: true,
  });
  let ended: string | undefined;
  void child.then(({ all }) => {
    ended = all;
  });
  const give = Date.now() + START_MS;
  while (!existsSync(socket)) {
    if (ended !== undefined) throw new Error(`our xenstored ended: ${ended}`);
    if (Date.now() > give) throw new Error(`our xenstored does not serve after ${START_MS} ms`);
    await new Promise((done) => setTimeout(done, 10));
  }
  return {
    socket,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill();
      await child;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Starts one daemon with an empty store; resolves once it serves. */
export async function startDaemon(kind: Kind, beside = ''): Promise<Daemon> {
  const starting =
    kind === 'ours' ? startOurs(OURS) : kind === 'beside' ? startOurs(beside) : startPeer(kind);
  const { socket, pid, stop } = await starting;
  return { kind, socket, pid, stop, rssKib: () => rssKib(pid) };
}
