/** Our xenstored as a process of this machine, without Xen: as it is built for dom0. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XS_DIRECTORY } from '../../shared/abi/xs-wire.ts';
import { encodePacket } from '../../shared/xenstore/wire.ts';

const PROGRAM = join(import.meta.dirname, '../../build/xtl/xenstored.mjs');

interface Surroundings {
  /** Words for Node, before the program. */
  readonly node?: readonly string[];
  readonly stdout?: 'pipe' | number;
  readonly stderr?: number;
}

export interface OwnXenstored {
  /** Its folder, with its socket and whatever a test puts there. */
  readonly dir: string;
  readonly socket: string;
  /** The program and what comes before its options. */
  readonly command: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  /** Starts it in the foreground, without domains; resolves once it serves. */
  start(...options: readonly string[]): Promise<ChildProcess>;
  /** As `start`, from other surroundings. */
  startWith(around: Surroundings, ...options: readonly string[]): Promise<ChildProcess>;
  /** What a process that was started wrote to its standard error. */
  said(child: ChildProcess): string;
  /** Kills whatever of it runs, in the background too. */
  kill(): Promise<void>;
  /** Kills it and removes the folder. */
  stop(): Promise<void>;
}

const START_MS = 20_000;

/** Whether a socket is served: a daemon listens before it has done all that a start does. */
export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('data', () => {
      resolve(true);
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(false));
    socket.write(encodePacket(XS_DIRECTORY, 0, 0, '/\0'));
  });
}

/** Processes whose run directory is `dir`; a daemon that names itself hides its command line. */
function running(dir: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^[0-9]+$/.test(entry))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        return words.includes(`XENSTORED_RUNDIR=${dir}`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

export function ownXenstored(): OwnXenstored {
  const dir = mkdtempSync(join(tmpdir(), 'xtl-own-'));
  const socket = join(dir, 'socket');
  const env = {
    ...process.env,
    XENSTORED_RUNDIR: dir,
    XENSTORED_PATH: '',
    XENSTORED_LOG: join(dir, 'log'),
  };
  const children: ChildProcess[] = [];
  const said = new Map<ChildProcess, string>();
  const kill = async (): Promise<void> => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.on('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    for (const pid of running(dir)) process.kill(pid, 'SIGKILL');
    while (running(dir).length > 0) await new Promise((done) => setTimeout(done, 10));
  };
  const startWith: OwnXenstored['startWith'] = async (around, ...options) => {
    const { node = [], stdout = 'ignore', stderr = 'pipe' } = around;
    const child = spawn(process.execPath, [...node, PROGRAM, '-N', '-D', ...options], {
      env,
      stdio: ['ignore', stdout, stderr],
    });
    children.push(child);
    said.set(child, '');
    child.stderr?.on('data', (data) => {
      said.set(child, said.get(child) + String(data));
    });
    const give = Date.now() + START_MS;
    while (!existsSync(socket) || !(await answers(socket))) {
      if (child.exitCode !== null) throw new Error(`xenstored ended: ${said.get(child)}`);
      if (Date.now() > give) throw new Error(`xenstored does not serve: ${said.get(child)}`);
      await new Promise((done) => setTimeout(done, 10));
    }
    return child;
  };
  return {
    dir,
    socket,
    command: [process.execPath, PROGRAM],
    env,
    start: (...options) => startWith({}, ...options),
    startWith,
    said: (child) => said.get(child) ?? '',
    kill,
    stop: async () => {
      await kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
