/** The processes of the store on a Linux host: found in /proc, started as they were before. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import { STORE_LOSS_MARK } from '../../shared/domain/build/index.ts';
import { unixFiles } from '../../shared/platform/unix/files.ts';
import { isAlive } from '../../shared/platform/unix/process-id.ts';
import { connectSocket, xenstoreSocketPath } from '../../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient, type XenstoreClient } from '../../shared/xenstore/client.ts';
import { PROGRAM } from '../commands/xenstored-config.ts';
import type { StoreServices } from '../store-services.ts';
import { consolesAreOlder, type Process, processesNamed, readText, STORES } from './processes.ts';
import { type Command, commandOf } from './root-program.ts';

/** How long a process may take to end, and a starter to be done. */
const PATIENCE_MS = 10_000;

export function unixStoreServices(): StoreServices {
  let next: Command | undefined;
  return {
    stop: async () => {
      const running = processesNamed(...STORES);
      const [first] = running;
      // Before anything is ended: a host without a xenstored is of no use.
      next = starterOf(first === undefined ? undefined : commandOf(first.pid));
      return next === undefined ? NOTHING_STARTS : end(running);
    },
    connect,
    start: async () => {
      const command = next ?? starterOf(undefined);
      if (command === undefined) return NOTHING_STARTS;
      const ran = await run(command);
      return ran.ok ? ok(command.join(' ')) : ran;
    },
    consolesAreOlder: async () => consolesAreOlder(),
    restartConsoles,
    noteLoss: () => unixFiles().write(STORE_LOSS_MARK, new Uint8Array(0)),
  };
}

/** Not by the kernel's device, at whose end nobody may be. */
async function connect(): Promise<Result<XenstoreClient>> {
  const socket = await connectSocket(xenstoreSocketPath());
  return socket.ok ? ok(createXenstoreClient(socket.value)) : socket;
}

const NOTHING_STARTS = fail('ENOENT', 'nothing here starts a xenstored');

async function end(running: readonly Process[]): Promise<Result<void>> {
  const those = running.map(({ pid, startedTicks }) => ({ pid, startTicks: String(startedTicks) }));
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const each of those) if (isAlive(each)) send(each.pid, signal);
    const late = Date.now() + PATIENCE_MS;
    while (those.some(isAlive) && Date.now() < late) await sleep(50);
  }
  const left = those.filter(isAlive).map(({ pid }) => pid);
  return left.length === 0 ? ok() : fail('EBUSY', `process ${left.join(', ')} does not end`);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}

const PID_FILE = '/run/xen/xenstored.pid';
const INIT_SCRIPT = '/etc/init.d/xen';

/** Ours leaves this beside its socket when it is killed. */
const wasOurs = (): boolean => existsSync(`${xenstoreSocketPath()}.trace`);

/** As it ran before; else ours if it was ours; else what this host starts. */
function starterOf(before: Command | undefined): Command | undefined {
  const program = existsSync(PROGRAM) ? [PROGRAM, '--pid-file', PID_FILE] : undefined;
  const script = existsSync(INIT_SCRIPT) ? [INIT_SCRIPT, 'start'] : undefined;
  const ours = wasOurs() ? (unit('xtl-xenstored') ?? program) : undefined;
  return before ?? ours ?? unit('xenstored') ?? script ?? program;
}

/** How to start a unit, where systemd runs and knows it. */
function unit(name: string): Command | undefined {
  if (!existsSync('/run/systemd/system')) return undefined;
  const places = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
  const known = places.some((place) => existsSync(`${place}/${name}.service`));
  return known ? ['systemctl', 'start', `${name}.service`] : undefined;
}

async function restartConsoles(): Promise<Result<boolean>> {
  const running = processesNamed('xenconsoled');
  const [first] = running;
  if (first === undefined) return ok(false);
  const ofUnit = readText(`/proc/${first.pid}/cgroup`)?.includes('/xenconsoled.service');
  const command = ofUnit ? ['systemctl', 'restart', 'xenconsoled.service'] : commandOf(first.pid);
  if (command === undefined) {
    return fail('ENOENT', "xenconsoled's program is not there any more, or not root's");
  }
  const ended = ofUnit ? ok() : await end(running);
  const ran = ended.ok ? await run(command) : ended;
  return ran.ok ? ok(true) : ran;
}

/** Until the starter is done; one that stays in the foreground is left alone. */
function run([program = '', ...args]: Command): Promise<Result<void>> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(program, args, { detached: true, stdio: 'ignore', cwd: '/', env });
  child.unref();
  return new Promise((resolve) => {
    const stays = setTimeout(() => resolve(ok()), PATIENCE_MS);
    const settle = (result: Result<void>): void => {
      clearTimeout(stays);
      resolve(result);
    };
    child.on('error', (error) => settle(fail('EIO', `${program}: ${error.message}`)));
    child.on('exit', (status) =>
      settle(status === 0 ? ok() : fail('EIO', `${program} ended with status ${status}`)),
    );
  });
}
